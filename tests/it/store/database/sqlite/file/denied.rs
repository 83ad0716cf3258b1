//! Tests of `store::database::sqlite::file::denied`.

use sessctl::store::database::sqlite::file::denied::{Owners, is_protected};

#[test]
fn a_sticky_directory_protects_the_files_of_third_users() {
    let others = Owners { file: 33, directory: 0, user: 0 };
    for (level, mode, is_denied) in [
        (0, 0o1777, false),
        (1, 0o1777, true),
        (1, 0o1770, false),
        (2, 0o1770, true),
        (2, 0o1777, true),
        (2, 0o1755, false),
        (2, 0o777, false),
    ] {
        assert_eq!(is_protected(level, mode, &others), is_denied, "{level} {mode:o}");
    }
    let of_the_directorys_owner = Owners { file: 0, directory: 0, user: 1000 };
    let own = Owners { file: 1000, directory: 0, user: 1000 };
    for allowed in [of_the_directorys_owner, own] {
        assert!(!is_protected(2, 0o1777, &allowed));
    }
}

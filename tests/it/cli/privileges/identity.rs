//! Tests of `cli::privileges::identity`.

use nix::unistd::Gid;
use sessctl::cli::privileges::identity::Identity;

/// A number that no system has an entry for.
const UNASSIGNED_UID: u32 = 3_123_456_789;

#[test]
fn a_number_needs_no_entry() {
    let alone = Identity::parse(&UNASSIGNED_UID.to_string()).unwrap();
    assert_eq!((alone.uid(), alone.gid()), (UNASSIGNED_UID, UNASSIGNED_UID));
    assert_eq!(alone.to_string(), format!("user {UNASSIGNED_UID}"));
    assert_eq!(alone.home(), None);
    let with_group = Identity::parse(&format!("{UNASSIGNED_UID}:7")).unwrap();
    assert_eq!((with_group.gid(), with_group.groups.as_slice()), (7, &[Gid::from_raw(7)][..]));
    assert_eq!(Identity::of_owner(UNASSIGNED_UID, 7).unwrap(), with_group);
}

#[test]
fn a_name_and_its_number_are_the_same_user() {
    let root = Identity::parse("root").unwrap();
    assert!(root.is_root());
    assert_eq!(Identity::parse("0").unwrap(), root);
    assert_eq!(root.to_string(), "root");
}

#[test]
fn an_unknown_user_is_a_usage_error() {
    for (text, said) in [
        ("no-such-user", "--as: unknown user \"no-such-user\""),
        ("0:no-such-group", "--as: unknown group \"no-such-group\""),
        ("", "--as: unknown user \"\""),
        ("-1", "--as: unknown user \"-1\""),
    ] {
        assert_eq!(Identity::parse(text).unwrap_err().to_string(), said, "{text:?}");
    }
}

//! Tests of `storage::disk_space`.

use sessctl::storage::SpaceRequirement;
use sessctl::storage::disk_space::Volume;

const REQUIREMENT: SpaceRequirement = SpaceRequirement { data: 3_000, temporary: 2_000 };

fn volume(directory: &str, file_system: u64, free: u64) -> Volume {
    Volume { directory: directory.to_owned(), file_system, free }
}

/// The directory that lacks space, and the bytes that it needs.
fn lack(data_free: u64, temporary: u64, volumes: [u64; 2]) -> Option<(String, u64)> {
    let [data, tmp] = [volume("data", volumes[0], data_free), volume("tmp", volumes[1], temporary)];
    let lack = REQUIREMENT.check(&data, &tmp).err()?;
    Some((lack.directory, lack.wanted))
}

#[test]
fn two_file_systems_each_need_their_own_space() {
    assert_eq!(lack(3_000, 2_000, [1, 2]), None);
    assert_eq!(lack(2_999, 2_000, [1, 2]), Some(("data".to_owned(), 3_000)));
    assert_eq!(lack(3_000, 1_999, [1, 2]), Some(("tmp".to_owned(), 2_000)));
}

#[test]
fn one_file_system_needs_space_for_both() {
    assert_eq!(lack(5_000, 5_000, [1, 1]), None);
    assert_eq!(lack(4_999, 4_999, [1, 1]), Some(("data".to_owned(), 5_000)));
}

#[test]
fn the_error_names_the_directory_and_both_sizes() {
    let refusal =
        REQUIREMENT.check(&volume("data", 1, 1_234), &volume("tmp", 2, 9_999)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "not enough disk space to rebuild the database: the log would take 3,000 bytes in \
         \"data\", which has 1,234 free; nothing was changed"
    );
}

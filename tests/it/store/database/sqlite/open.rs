//! Tests of `store::database::sqlite::open`.

use sessctl::store::database::sqlite::open::{cache_size, large_cache_size};

#[test]
fn the_pages_that_are_remembered_take_a_part_of_the_memory() {
    for (limit, kibibytes) in
        [(None, 20_480), (Some(1 << 30), 20_480), (Some(32 << 20), 8_192), (Some(1), 2_048)]
    {
        assert_eq!(cache_size(limit), -kibibytes, "{limit:?}");
    }
    for (limit, kibibytes) in [(None, 131_072), (Some(256 << 20), 65_536), (Some(1), 2_048)] {
        assert_eq!(large_cache_size(limit), -kibibytes, "{limit:?}");
    }
}

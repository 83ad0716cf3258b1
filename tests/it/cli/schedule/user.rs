//! Tests of `cli::schedule::user`.

use super::owner;

#[test]
fn a_user_goes_by_a_plain_name_or_by_the_number() {
    let www = owner(33, Some("www-data"));
    assert_eq!((www.in_unit().as_str(), www.directory().as_str()), ("User=www-data\n", "www-data"));
    assert_eq!(www.for_cron().unwrap(), "www-data");
    assert_eq!(owner(0, Some("root")).in_unit(), "");
    assert_eq!(owner(0, Some("root")).directory(), "root");
    for name in [None, Some("a b"), Some("1st"), Some("-x"), Some("a%"), Some("../x"), Some("")] {
        let owner = owner(4_242, name);
        assert_eq!(owner.in_unit(), "User=4242\nGroup=7\n", "{name:?}");
        assert_eq!(owner.directory(), "4242", "{name:?}");
        assert!(owner.for_cron().is_err(), "{name:?}");
    }
}

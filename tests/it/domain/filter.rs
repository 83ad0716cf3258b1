//! Tests of `domain::filter`.

use sessctl::domain::filter::ClientFilter;

#[test]
fn clients_match_by_address_network_or_text() {
    for (filter, client, fits) in [
        ("10.0.0.7", "10.0.0.7", true),
        ("10.0.0.7", "10.0.0.7:993", true),
        ("10.0.0.7", "::ffff:10.0.0.7", true),
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.1.2.3/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "a host", false),
        ("2001:db8::/32", "[2001:db8::7]:993", true),
        ("2001:db8::/32", "[2001:db8::7]", true),
        ("0.0.0.0/0", "2001:db8::7", false),
        ("laptop", "laptop", true),
    ] {
        assert_eq!(
            filter.parse::<ClientFilter>().unwrap().matches(client),
            fits,
            "{filter} {client}"
        );
    }
    assert!("10.0.0.0/33".parse::<ClientFilter>().is_err());
}

//! Tests of `cli::exit`.

use sessctl::cli::exit::redact_credentials;

#[test]
fn no_password_of_an_address_is_shown() {
    for (text, shown) in [
        (
            "no database at rqlite://bob:a/b@c@db1:4001, or so",
            "no database at rqlite://…@db1:4001, or so",
        ),
        ("http://db1:4001 and x@y", "http://db1:4001 and x@y"),
        ("'http://a:b@c' http://d 'https://e@f'", "'http://…@c' http://d 'https://…@f'"),
        ("nobody@home", "nobody@home"),
    ] {
        assert_eq!(redact_credentials(text), shown);
    }
}

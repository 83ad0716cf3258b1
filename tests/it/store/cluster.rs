//! Tests of `store::cluster`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sessctl::store::database::rqlite::client::authorization;
use sessctl::store::{CaCertificates, Credentials};

#[test]
fn credentials_are_the_first_line() {
    let parsed = |text| Credentials::parse(text).map(|credentials| authorization(&credentials));
    let basic = |text: &str| Some(format!("Basic {}", STANDARD.encode(text)));
    assert_eq!(parsed("bob:a:b\nmore:text"), basic("bob:a:b"));
    assert_eq!(parsed("bob:\r\n"), basic("bob:"));
    for text in ["", "bob", ":secret", "\nbob:secret"] {
        assert_eq!(parsed(text), None, "{text:?}");
    }
    let shown = format!("{:?}", Credentials::parse("bob:secret"));
    assert_eq!(shown, "Some(Credentials)");
}

#[test]
fn a_text_without_a_valid_certificate_is_rejected() {
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        assert_eq!(CaCertificates::parse(text.as_bytes()), None, "{text:?}");
    }
}

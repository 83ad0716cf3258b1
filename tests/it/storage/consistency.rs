//! Tests of `storage::consistency`.

use std::time::Duration;

use sessctl::storage::consistency::{LeaderContact, ReadFreshness};

#[test]
fn a_contact_is_never_made_younger() {
    let said = |millis| {
        let contact = LeaderContact::Ago(Duration::from_millis(millis));
        ReadFreshness { node: "http://db2:4001".to_owned(), contact }.to_string()
    };
    assert_eq!(
        said(32),
        "read from http://db2:4001 alone, which last heard from the leader 0.1 s ago"
    );
    assert!(said(300).ends_with(" 0.3 s ago"));
    assert!(said(62_001).ends_with(" 62.1 s ago"));
}

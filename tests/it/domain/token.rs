//! Tests of `domain::token`.

use sessctl::domain::session::SessionKey;
use sessctl::domain::token::{Digest, Token};

#[test]
fn the_id_is_the_hash_of_the_text() {
    let id = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Token::presented("abc").id(), id);
    assert_eq!(Digest::of("abc").key(), SessionKey::Text(id.into()));
    assert_eq!(Digest::of("abc").handle(), id[..12]);
    assert_eq!(Token::from_random([0xa5; 32]).expose(), "a5".repeat(32));
    assert_eq!(format!("{:?}", Token::presented("abc")), "Token(…)");
}

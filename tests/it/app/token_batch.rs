//! Tests of `app::touch_batch`.

use sessctl::app::token_batch::key_order;
use sessctl::domain::session::SessionKey;
use sessctl::domain::token::Digest;

#[test]
fn digests_are_sorted_by_key_and_equal_ones_keep_their_order() {
    let digests = ["b", "a", "c", "a"].map(Digest::of);
    let order = key_order(&digests);
    let keys: Vec<SessionKey> = order.iter().map(|(digest, _)| digest.key()).collect();
    assert!(keys.is_sorted());
    let twice = order.into_iter().map(|(_, index)| index).filter(|index| index % 2 == 1);
    assert_eq!(twice.collect::<Vec<_>>(), [1, 3]);
}

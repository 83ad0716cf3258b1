use proptest::prelude::*;
use sessctl::cli::top::live::order::{Order, View};
use sessctl::storage::{self, SortKey};

fn any_order() -> impl Strategy<Value = Order> {
    let view = (
        prop::collection::vec(any::<String>(), 0..4),
        prop::sample::select(SortKey::ALL.to_vec()),
        any::<bool>(),
        1..9_u32,
    );
    prop_oneof![
        Just(Order::Read),
        Just(Order::Pause),
        Just(Order::Resume),
        view.prop_map(|(words, by, reverse, readers)| {
            Order::View(View { words, order: storage::Order { by, reverse }, readers })
        }),
    ]
}

proptest! {
    #[test]
    fn an_order_is_read_as_it_was_written(order in any_order()) {
        let line = order.to_line();
        prop_assert!(!line.contains('\n'), "{line:?}");
        prop_assert_eq!(Order::parse(&line).unwrap(), order);
    }
}

#[test]
fn anything_else_is_refused() {
    for line in
        ["", "stop 143", "[]", "[\"view\"]", "[\"read\", 1]", "[\"view\", [1], \"idle\", true, 1]"]
    {
        assert!(Order::parse(line).is_err(), "{line:?}");
    }
}

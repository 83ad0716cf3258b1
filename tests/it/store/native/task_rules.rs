//! Tests of `store::native::per_task`.

use sessctl::store::native::task_rules::form;
use sessctl::store::statement::Statement;

#[test]
fn a_rule_is_taken_apart_into_its_form_and_its_numbers() {
    let mut rule = Statement::new("a < ");
    rule.bind(7_i64).push(" AND b = ").bind("it's").push(" AND c IS ").bind(None::<i64>);
    rule.push(" OR d > ").bind(-7_i64);
    let expected = "a < v0 AND b = 'it''s' AND c IS NULL OR d > v1";
    assert_eq!(form(&rule), (expected.to_owned(), vec![7, -7]));
}

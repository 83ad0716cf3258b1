use proptest::prelude::*;
use sessctl::cli::top::live::filter;

#[test]
fn a_filter_has_the_options_of_a_list() {
    let words =
        filter::parse("--task imap --user 'alice smith' --idle-over 1h --state idle").unwrap();
    let selection = filter::selection(&words).unwrap();
    assert_eq!(selection.user, ["alice smith"]);
    assert_eq!(selection.task.unwrap().as_str(), "imap");
    assert_eq!(filter::parse("").unwrap(), Vec::<String>::new());
}

#[test]
fn a_mistake_is_one_line() {
    insta::assert_snapshot!(filter::parse("--idle-over soon").unwrap_err(), @"");
    insta::assert_snapshot!(filter::parse("alice").unwrap_err(), @"");
    insta::assert_snapshot!(filter::parse("--user 'alice").unwrap_err(), @"");
    insta::assert_snapshot!(filter::parse("--help").unwrap_err(), @"");
}

proptest! {
    #[test]
    fn a_line_gives_its_words(words in prop::collection::vec("[^\0]{0,12}", 0..5)) {
        prop_assert_eq!(shlex::split(&filter::line(&words)).unwrap(), words);
    }
}

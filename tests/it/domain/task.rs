//! Tests of `domain::task`.

use sessctl::domain::task::TaskPattern;

#[test]
fn task_names_match_without_case_and_with_wildcards() {
    for (pattern, task, fits) in [
        ("imap", "IMAP", true),
        ("imap", "imaps", false),
        ("im*", "imap", true),
        ("*", "", true),
        ("*AP", "imap", true),
        ("i*a*", "imap", true),
        ("a*a", "a", false),
        ("i*p*x", "imap", false),
        ("*ap", "imapap", true),
        ("i*ap*s", "imapapps", true),
        ("i**p", "IMAP", true),
        ("", "", true),
        ("", "imap", false),
        ("*ä*", "kÄfer", false),
        ("*ä*", "käfer", true),
    ] {
        assert_eq!(TaskPattern::from(pattern).matches(task), fits, "{pattern} {task}");
    }
}

#[test]
fn patterns_overlap_where_a_name_fits_both() {
    for (one, other, overlaps) in [
        ("imap", "IMAP", true),
        ("imap", "imaps", false),
        ("im*", "imap", true),
        ("im*", "pop*", false),
        ("im*", "*ap", true),
        ("im*ap", "*m*p*", true),
        ("i*p", "im*s", false),
        ("a*b", "b*a", false),
        ("*", "", true),
        ("*a", "*b", false),
        ("a*a", "a", false),
        ("*", "*", true),
    ] {
        let [one, other] = [one, other].map(TaskPattern::from);
        assert_eq!(one.overlaps(&other), overlaps, "{one:?} {other:?}");
        assert_eq!(other.overlaps(&one), overlaps, "{other:?} {one:?}");
    }
}

#[test]
fn a_pattern_covers_one_that_matches_no_other_names() {
    for (one, other, covers) in [
        ("im*", "imap*", true),
        ("imap*", "im*", false),
        ("im*", "IMAP", true),
        ("*a*", "*ba", true),
        ("*", "*", true),
        ("i*p", "i*", false),
        ("**", "*", true),
        ("*", "**", true),
    ] {
        let [one, other] = [one, other].map(TaskPattern::from);
        assert_eq!(one.covers(&other), covers, "{one:?} {other:?}");
    }
}

proptest::proptest! {
    #[test]
    fn what_is_said_of_two_patterns_holds_for_all_short_names(
        one in "[aB*]{0,4}",
        other in "[Ab*]{0,4}",
    ) {
        let [one, other] = [one, other].map(|text| TaskPattern::from(&*text));
        // A name that fits two such patterns has a short form that does, too; the third
        // letter is in no pattern.
        let mut names = vec![String::new()];
        for length in 0..8 {
            let longer: Vec<_> = names.iter().filter(|name| name.len() == length).cloned().collect();
            names.extend(longer.iter().flat_map(|name| ["a", "b", "c"].map(|c| name.clone() + c)));
        }
        let both = names.iter().any(|name| one.matches(name) && other.matches(name));
        proptest::prop_assert_eq!(one.overlaps(&other), both);
        let all = names.iter().all(|name| one.matches(name) || !other.matches(name));
        proptest::prop_assert_eq!(one.covers(&other), all);
        let same = names.iter().all(|name| one.matches(name) == one.normalized().matches(name));
        proptest::prop_assert!(same);
    }
}

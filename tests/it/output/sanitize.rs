//! Tests of `output::sanitize`.

use std::borrow::Cow;

use proptest::prelude::*;
use sessctl::output::sanitize::{csv_cell, escape, json_string, key_part, label, needs_escape};

/// Finds a character that no output may contain, apart from the newlines of the format.
pub fn find_unescaped(output: &str) -> Option<char> {
    output.chars().find(|c| *c != '\n' && needs_escape(*c))
}

#[test]
fn what_acts_becomes_visible() {
    for (text, seen) in [
        ("\u{1b}[2J", r"\u{1b}[2J"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\u{7f}\u{9b}31m", r"\u{7f}\u{9b}31m"),
        ("\u{202e}gpj.exe", r"\u{202e}gpj.exe"),
        ("a\u{2028}b\u{2066}c\u{61c}", r"a\u{2028}b\u{2066}c\u{61c}"),
        ("ro\u{200b}ot\u{feff}", r"ro\u{200b}ot\u{feff}"),
        ("x\u{e0041}", r"x\u{e0041}"),
        (r"DOMAIN\nina", r"DOMAIN\nina"),
    ] {
        assert_eq!(escape(text), seen);
    }
}

#[test]
fn ordinary_text_is_not_copied() {
    for text in ["", "  ", "Zoë", "李雷", "می\u{200c}خواهم", "👩\u{200d}🚀", "\"quoted\""]
    {
        assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn a_key_part_has_no_blank_and_no_bare_dot() {
    assert_eq!(key_part("imap"), "imap");
    assert_eq!(key_part("Anna Q.\u{3000}x"), r"Anna\u{20}Q\.\u{3000}x");
    assert_eq!(key_part("a\\nb"), r"a\\nb");
    assert_eq!(key_part("a\nb"), r"a\nb");
}

#[test]
fn a_spreadsheet_calculates_nothing() {
    for text in [
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-1",
        "@SUM(A1)",
        "  =1",
        "＝1",
        "\u{3000}＠1",
        "\u{200d}=1",
    ] {
        assert_eq!(csv_cell(text), format!("'{text}"));
    }
    assert_eq!(csv_cell("\t=1"), r"'\t=1");
    assert_eq!(csv_cell("\r1"), r"'\r1");
    for text in ["", " ", "a=1", "10.0.0.1", "user@example.org"] {
        assert_eq!(csv_cell(text), text);
    }
}

#[test]
fn json_escapes_what_acts_and_nothing_else() {
    let json_string = |text: &str| {
        let mut json = String::new();
        json_string(&mut json, text);
        json
    };
    assert_eq!(json_string("é\u{1b}\u{202e}\u{7f}"), r#""é\u001b\u202e\u007f""#);
    assert_eq!(json_string("\u{e0041}"), r#""\udb40\udc41""#);
    assert_eq!(json_string("\"\\\n"), r#""\"\\\n""#);
}

#[test]
fn a_label_is_escaped_for_prometheus() {
    assert_eq!(label("say \"hi\""), r#"say \"hi\""#);
    assert_eq!(label("a\nb"), r"a\\nb");
    assert_eq!(label(r"a\nb"), r"a\\\\nb");
}

proptest! {
    #[test]
    fn two_names_stay_two(a in r"[\\n\nu{}20a\. ]{0,6}", b in r"[\\n\nu{}20a\. ]{0,6}") {
        prop_assert_eq!(a == b, key_part(&a) == key_part(&b));
        prop_assert_eq!(a == b, label(&a) == label(&b));
    }
}

//! Lines of bounded length.

use proptest::prelude::*;
use sessctl::cli::all_databases::lines::{Line, LineSplitter};

fn split(chunks: &[Vec<u8>], limit: usize) -> Vec<Line> {
    let mut splitter = LineSplitter::new(limit);
    let mut lines: Vec<Line> = chunks.iter().flat_map(|chunk| splitter.push(chunk)).collect();
    lines.extend(splitter.end());
    lines
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_how_the_bytes_arrive(
        chunks in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..20), 0..10),
        limit in 1..10_usize,
    ) {
        let whole = chunks.concat();
        let lines = split(&chunks, limit);
        prop_assert_eq!(&lines, &split(std::slice::from_ref(&whole), limit));
        let mut expected: Vec<&[u8]> = whole.split(|byte| *byte == b'\n').collect();
        if expected.last().is_some_and(|last| last.is_empty()) {
            expected.pop();
        }
        prop_assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(expected) {
            prop_assert_eq!(&line.bytes, &expected[..expected.len().min(limit)]);
            prop_assert_eq!(line.is_cut, expected.len() > limit);
        }
    }
}

#[test]
fn a_line_that_was_cut_says_so() {
    let lines = split(&[b"short\nvery long\nb\xffd".to_vec()], 5);
    let texts: Vec<String> = lines.iter().map(Line::to_text).collect();
    assert_eq!(texts, ["short", "very ...", "b\u{fffd}d"]);
}

//! The page itself: its statements, by the names that it gives them.

use std::collections::BTreeMap;

/// The text of docs/sql-contract.md.
pub const PAGE: &str = include_str!("../../../docs/sql-contract.md");

/// The statements of the page: each stands in a block of SQL whose first line
/// is a comment with its name.
pub fn statements() -> BTreeMap<&'static str, &'static str> {
    PAGE.split("```sql\n-- ")
        .skip(1)
        .map(|block| {
            let (block, _) = block.split_once("```").unwrap();
            let (name, sql) = block.split_once('\n').unwrap();
            (name, sql.trim())
        })
        .collect()
}

/// The statement of this name.
pub fn statement(name: &str) -> &'static str {
    statements().get(name).unwrap_or_else(|| panic!("the page has no statement {name:?}"))
}

#[test]
fn every_block_of_sql_has_a_name_of_its_own() {
    let names: Vec<&str> = statements().into_keys().collect();
    assert_eq!(PAGE.matches("```sql").count(), names.len());
    assert_eq!(
        names,
        [
            "close",
            "connect",
            "look",
            "open",
            "opened",
            "touch, lenient",
            "touch, strict",
            "touch, strict, abandoned",
            "touch, strict, lifetime only",
            "version"
        ]
    );
}

#[test]
fn the_links_of_the_page_lead_to_its_headings() {
    let anchors: Vec<String> = PAGE
        .lines()
        .filter_map(|line| {
            line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        })
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for link in PAGE.split("](#").skip(1) {
        let anchor = link.split_once(')').unwrap().0;
        assert!(anchors.iter().any(|known| known == anchor), "{anchor}");
    }
}

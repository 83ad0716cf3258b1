//! Configuration of five older session systems: a file with any of their keys is refused,
//! and the error prints the TOML to write instead.
//!
//! [`scan`] finds the keys of [`key_table`] in a file, [`convert`] adds the settings that
//! replace them to its tables, and [`render`] makes a block of lines of these.

mod convert;
mod domino_program;
mod key_table;
mod notation;
mod render;
mod scan;
mod table;
mod value;

#[cfg(feature = "internals")]
pub use key_table::{KEYS, LegacyKey, find as find_key, system_of_table};
#[cfg(feature = "internals")]
pub use value::Conversion;

/// A legacy key, and what to write in its place.
pub(super) struct Finding {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) message: String,
}

/// Finds the first legacy key of a file, or else an empty table for such keys. The message
/// contains the replacement of all of them. `own_tables` are those of sessctl.
pub(super) fn find(text: &str, own_tables: &[&str]) -> Option<Finding> {
    let (mut scan, hits) = scan::scan(text, own_tables);
    let (line, key, what) = if let Some(first) = hits.first() {
        (first.line, first.name.clone(), format!("{} {}", first.key.system, first.key.kind))
    } else {
        let empty = scan.tables.iter().filter(|table| scan.is_toml && table.own.is_empty());
        let mut left = empty.filter_map(|table| {
            let system = key_table::system_of_table(&table.path.join("."))?;
            let name = table.header.trim_matches(['[', ']']).to_owned();
            Some((table.line?, name, format!("{system} table")))
        });
        left.next()?
    };
    let remarks = convert::convert(&mut scan, &hits);
    let (places, block) = render::render(&scan, remarks);
    let message = if block.is_empty() {
        format!("this is a {what}; remove {places}")
    } else {
        let block = block.iter().map(|line| format!("    {line}").trim_end().to_owned());
        let block = block.collect::<Vec<_>>().join("\n");
        format!("this is a {what}; replace {places} with:\n\n{block}")
    };
    Some(Finding { line, key, message })
}

//! Keys of the systems that sessctl replaces, found in a configuration file: the file is
//! refused with the TOML to write instead.

mod block;
mod convert;
mod lines;
mod program;
mod survey;
mod terms;
#[cfg(test)]
mod tests;
mod value;

use toml::de::DeTable;

use super::document::Document;
use super::error::Result;
use block::ranges;
use survey::Survey;

/// Refuses a file with keys of another system in it; `root` is `None` if it is not TOML.
///
/// # Errors
/// The first of these keys, with the lines to write in place of all.
pub(super) fn check(page: &Document<'_>, root: Option<&DeTable<'_>>) -> Result<()> {
    let survey = match root {
        Some(root) => Survey::of_toml(page, root),
        None => {
            let (text, bad) = lines::as_toml(page.text);
            let cleaned = Document::new(page.file, &text);
            match cleaned.parse() {
                Ok(root) => Survey::of_lines(page, &cleaned, root.get_ref(), &bad),
                Err(_) => return Ok(()),
            }
        }
    };
    let (line, key, what) = match survey.found.first() {
        Some(first) => {
            let what = format!("this is a {} {}", first.term.system, first.term.what);
            (first.line, first.shown.as_str(), what)
        }
        None => match survey.leftover() {
            Some((line, name, system)) => (line, name, format!("this is a {system} table")),
            None => return Ok(()),
        },
    };
    let (places, block) = convert::block(&survey);
    let what = if block.is_empty() {
        format!("{what}; remove {}", ranges(&places))
    } else {
        let indented = block.iter().map(|line| format!("    {line}").trim_end().to_owned());
        let block = indented.collect::<Vec<_>>().join("\n");
        format!("{what}; replace {} with:\n\n{block}", ranges(&places))
    };
    Err(page.error_on_line(line, key, &what))
}

//! sessctl.toml(5), from the example that documents every key.

use super::page::{CONFIGURATION, Page, begin};
use super::roff::{Roff, bold, escape};

/// The configuration with every key, its default and its explanation.
const EXAMPLE: &str = include_str!("../../../examples/sessctl.toml");

pub fn page() -> Page {
    let (name, section) = CONFIGURATION;
    let mut page = begin(name, section, "File Formats Manual");
    page.section("NAME");
    page.filled("sessctl.toml \\- configuration of sessctl: policies, limits, guard and jobs");
    page.section("SYNOPSIS");
    page.filled(&bold("/etc/sessctl.toml"));
    page.section("DESCRIPTION");
    page.text(
        "The file is in TOML. An unknown key or an invalid value is an error that names the file, \
         the line and the key. Below, each key is shown with its default, or, if it has none, \
         with an example.",
    );
    page.request("PP");
    let (head, sections) = EXAMPLE.split_once("\n\n").unwrap_or((EXAMPLE, ""));
    page.text(&prose(head.lines()));
    page.section("KEYS");
    for block in blocks(sections) {
        block.write(&mut page);
    }
    page.section("SEE ALSO");
    page.filled(&format!("{}(8), {}(8)", bold("sessctl"), bold("sessctl-show-config")));
    Page { name: name.to_owned(), section, text: page.finish() }
}

/// A part of the file: the comment that introduces it, its header if it has one, and its keys.
#[derive(Default)]
struct Block<'a> {
    intro: Vec<&'a str>,
    header: Option<&'a str>,
    keys: Vec<Keys<'a>>,
}

/// Keys that one comment explains.
#[derive(Default)]
struct Keys<'a> {
    comment: Vec<&'a str>,
    /// Each as the file writes it, `timeout = "30m"`.
    settings: Vec<&'a str>,
    /// Set if the comment stands behind the key: it explains no other.
    is_remark: bool,
}

/// Splits the file at its headers, without the marks of comments.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::default()];
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        let content =
            line.strip_prefix('#').map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
        if content.starts_with('[') && content.ends_with(']') {
            let mut intro = std::mem::take(&mut comment);
            intro.retain(|line| !line.is_empty());
            blocks.push(Block { intro, header: Some(content), keys: Vec::new() });
        } else if let Some((setting, remark)) = setting(content) {
            add_key(blocks.last_mut(), std::mem::take(&mut comment), setting, remark);
        } else if let Some(more) = continuation(content, &comment) {
            if let Some(keys) = blocks.last_mut().and_then(|block| block.keys.last_mut()) {
                keys.comment.push(more);
            }
        } else {
            comment.push(content);
        }
    }
    blocks
}

fn add_key<'a>(
    block: Option<&mut Block<'a>>,
    mut comment: Vec<&'a str>,
    setting: &'a str,
    remark: Option<&'a str>,
) {
    let Some(block) = block else { return };
    comment.retain(|line| !line.is_empty());
    match block.keys.last_mut() {
        Some(keys) if comment.is_empty() && remark.is_none() && !keys.is_remark => {
            keys.settings.push(setting);
        }
        _ => {
            comment.extend(remark);
            let is_remark = remark.is_some();
            block.keys.push(Keys { comment, settings: vec![setting], is_remark });
        }
    }
}

/// A line `key = value`, with the remark behind it.
fn setting(line: &str) -> Option<(&str, Option<&str>)> {
    let (key, value) = line.split_once(" = ")?;
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return None;
    }
    let (setting, remark) = match value.split_once(" # ") {
        Some((value, remark)) => (&line[..key.len() + 3 + value.trim_end().len()], Some(remark)),
        None => (line, None),
    };
    Some((setting, remark))
}

/// The rest of a remark: a comment within a comment, below it.
fn continuation<'a>(line: &'a str, comment: &[&str]) -> Option<&'a str> {
    let rest = line.trim_start().strip_prefix('#').filter(|_| comment.is_empty())?;
    Some(rest.trim_start())
}

impl Block<'_> {
    fn write(&self, page: &mut Roff) {
        if let Some(header) = self.header {
            page.subsection(header);
        }
        write_comment(page, &self.intro);
        for (index, keys) in self.keys.iter().enumerate() {
            if keys.comment.is_empty() {
                if index > 0 || !self.intro.is_empty() {
                    page.request("PP");
                }
                page.literal(keys.settings.iter().copied());
                continue;
            }
            for (index, setting) in keys.settings.iter().enumerate() {
                page.request(if index == 0 { "TP" } else { "TQ" });
                page.filled(&bold(setting));
            }
            write_comment(page, &keys.comment);
        }
    }
}

/// Prose, in which lines that are indented are a list of values.
fn write_comment(page: &mut Roff, comment: &[&str]) {
    let mut rest = comment;
    while let Some((first, _)) = rest.split_first() {
        let is_indented = first.starts_with("  ");
        let length = rest.iter().take_while(|line| line.starts_with("  ") == is_indented).count();
        let (part, after) = rest.split_at(length);
        rest = after;
        if is_indented { write_values(page, part) } else { page.text(&prose(part.iter().copied())) }
    }
}

fn write_values(page: &mut Roff, lines: &[&str]) {
    page.request("RS");
    for line in lines {
        match line.trim_start().split_once("  ") {
            Some((value, meaning)) if line.trim_start().starts_with('"') => {
                page.request("TP");
                page.filled(&bold(value));
                page.text(meaning.trim_start());
            }
            _ => page.filled(&escape(line.trim())),
        }
    }
    page.request("RE");
}

fn prose<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let words = lines.map(|line| line.trim_start_matches('#').trim());
    words.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

//! The TOML that replaces the keys of another system.

use std::fmt::Write as _;

use super::terms::JOB;
use crate::domain::time::Span;

/// A key with its value in TOML.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
    /// What to know of it.
    pub(super) remarks: Vec<String>,
    /// How exact it is: a lower rank replaces a higher one.
    pub(super) rank: u8,
    /// The old key that says so, with its value.
    pub(super) from: String,
}

pub(super) fn set(key: &'static str, value: String) -> Setting {
    Setting { key, value, remarks: Vec::new(), rank: 0, from: String::new() }
}

/// A table of the block.
pub(super) struct Table {
    pub(super) header: String,
    /// Its lines in the file, if that has it already, and the keys of these.
    pub(super) own: Vec<String>,
    pub(super) own_keys: Vec<String>,
    /// The section of the file that it is.
    pub(super) section: Option<usize>,
    pub(super) settings: Vec<Setting>,
}

impl Table {
    pub(super) fn new(header: &str) -> Self {
        Self {
            header: header.to_owned(),
            own: Vec::new(),
            own_keys: Vec::new(),
            section: None,
            settings: Vec::new(),
        }
    }

    fn has(&self, key: &str) -> bool {
        self.own_keys.iter().any(|own| own == key) || self.get(key).is_some()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Adds a key, or keeps what is more exact.
    fn add(&mut self, new: Setting, remarks: &mut Vec<String>) {
        // A job has one of the two
        let rival = match new.key {
            "at" if self.header == JOB => "every",
            "every" => "at",
            key => key,
        };
        if [new.key, rival].iter().any(|key| self.own_keys.iter().any(|own| own == key)) {
            if !new.from.is_empty() {
                remarks.push(format!("{}: {} has {rival} already", new.from, self.header));
            }
            return;
        }
        let old = self.settings.iter_mut().find(|old| old.key == new.key || old.key == rival);
        match old {
            None => self.settings.push(new),
            Some(old) if new.rank < old.rank => *old = new,
            Some(old) if new.rank == old.rank && new.value != old.value => {
                remarks
                    .push(format!("{}: left out, because {} says otherwise", new.from, old.from));
            }
            Some(_) => {}
        }
    }
}

/// Tables, and what to know beside them.
#[derive(Default)]
pub(super) struct Block {
    /// Lines that belong to the table in which the block is pasted.
    pub(super) head: Vec<String>,
    pub(super) tables: Vec<Table>,
    pub(super) remarks: Vec<String>,
}

impl Block {
    pub(super) fn add(&mut self, header: &str, settings: Vec<Setting>) {
        let known = self.tables.iter().position(|table| is_same(&table.header, header));
        let at = known.unwrap_or_else(|| {
            self.tables.push(Table::new(header));
            self.tables.len() - 1
        });
        for setting in settings {
            self.tables[at].add(setting, &mut self.remarks);
        }
    }

    /// Adds an element of a list: a job or a licence, in the section of the file that it
    /// stands in, or as a new one.
    pub(super) fn push(&mut self, header: &str, settings: Vec<Setting>, section: Option<usize>) {
        let own = section.and_then(|section| self.in_section(section));
        if let Some(at) = own.filter(|_| header == JOB) {
            for setting in settings {
                let setting = Setting { from: String::new(), ..setting };
                self.tables[at].add(setting, &mut self.remarks);
            }
            return;
        }
        let same = |table: &&mut Table| {
            let pairs = table.settings.iter().zip(&settings);
            table.header == header
                && table.settings.len() == settings.len()
                && pairs.into_iter().all(|(a, b)| a.key == b.key && a.value == b.value)
        };
        if self.tables.iter_mut().find(same).is_none() {
            self.tables.push(Table { settings, ..Table::new(header) });
        }
    }

    fn in_section(&self, section: usize) -> Option<usize> {
        let is_free = |table: &Table| table.header == JOB && table.settings.is_empty();
        self.tables.iter().position(|table| table.section == Some(section) && is_free(table))
    }

    /// Gives each job a name of its own; `taken` are those of the file.
    pub(super) fn name_jobs(&mut self, taken: &[String]) {
        let mut taken = taken.to_vec();
        let jobs = self.tables.iter_mut().filter(|table| table.header == JOB);
        for name in jobs.flat_map(|job| &mut job.settings).filter(|setting| setting.key == "name") {
            let first = name.value.clone();
            let mut number = 1;
            while taken.contains(&name.value) {
                number += 1;
                name.value = format!("{} {number}\"", first.trim_end_matches('"'));
            }
            taken.push(name.value.clone());
        }
    }

    /// Makes the bounds of the timeouts fit.
    pub(super) fn fit_bounds(&mut self) {
        const TIMEOUT: Span = Span::minutes(30);
        const LEAST: Span = Span::minutes(5);
        let policies = self.tables.iter_mut().filter(|table| table.header.starts_with("[policy"));
        for table in policies {
            let span = |table: &Table, key: &str| {
                table.get(key).and_then(|s| s.value.trim_matches('"').parse::<Span>().ok())
            };
            if let Some(most) = span(table, "max_timeout")
                && most < TIMEOUT
                && !table.has("timeout")
            {
                let mut timeout = set("timeout", format!("\"{most}\""));
                timeout.remarks.push(format!("the default, {TIMEOUT}, is more than max_timeout"));
                table.settings.insert(0, timeout);
            }
            let timeout = match span(table, "timeout") {
                None if table.get("timeout").is_some() => Span::seconds(i64::MAX),
                timeout => timeout.unwrap_or(TIMEOUT),
            };
            let Some(touch) = span(table, "touch_resolution") else { continue };
            let twice = Span::seconds(touch.as_seconds().saturating_mul(2));
            let at = table.settings.iter().position(|s| s.key == "touch_resolution");
            let Some(at) = at.filter(|_| twice > LEAST.min(timeout)) else { continue };
            let touch = &mut table.settings[at];
            if twice > timeout {
                let what = "is more than half of the timeout; this is the default";
                touch.remarks.push(format!("{} {what}", touch.from));
                "\"0s\"".clone_into(&mut touch.value);
            } else if !table.has("min_timeout") {
                let mut least = set("min_timeout", format!("\"{twice}\""));
                least.remarks.push("touch_resolution must not exceed half of this".to_owned());
                table.settings.insert(at, least);
            }
        }
    }

    /// The lines of the block.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.head.clone();
        let is_list = |table: &&Table| table.header.starts_with("[[");
        let tables = self.tables.iter().filter(|table| !is_list(table));
        for table in tables.chain(self.tables.iter().filter(is_list)) {
            if table.settings.is_empty() && table.own.is_empty() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(table.header.clone());
            lines.extend(table.own.iter().cloned());
            for setting in &table.settings {
                lines.extend(setting.remarks.iter().map(|remark| format!("# {remark}")));
                lines.push(format!("{} = {}", setting.key, setting.value));
            }
        }
        if !self.remarks.is_empty() && !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.remarks.iter().map(|remark| format!("# {remark}")));
        lines
    }
}

/// Whether two headers are of one table.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let plain = |header: &str| header.to_lowercase().replace(['"', '\'', ' '], "");
    plain(one) == plain(other)
}

/// Sorted numbers of lines: `line 2`, `lines 1 to 6 and 8`.
pub(super) fn ranges(ranges: &[(usize, usize)]) -> String {
    let mut text = String::new();
    for (at, (first, last)) in ranges.iter().enumerate() {
        let before = match at {
            0 => "",
            _ if at + 1 == ranges.len() => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}{first}");
        if last > first {
            let _ = write!(text, " to {last}");
        }
    }
    let is_one = matches!(ranges, [(first, last)] if first == last);
    format!("line{} {text}", if is_one { "" } else { "s" })
}

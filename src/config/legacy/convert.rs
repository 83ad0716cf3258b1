//! From legacy keys to the assignments that replace them.

use super::domino_program;
use super::key_table::{PARAM, Replacement, WEBSPHERE};
use super::scan::{LegacyEntry, LineScan};
use super::table::{Assignment, LegacyTable};
use super::value::{Conversion, is_off};

/// Adds what replaces legacy keys to the tables of a file and to new ones. Returns remarks.
pub(super) fn convert(scan: &mut LineScan<'_>, hits: &[LegacyEntry]) -> Vec<String> {
    let mut draft = Draft { tables: &mut scan.tables, hits, remarks: Vec::new() };
    let programs = domino_program::group(hits);
    for hit in hits {
        if let [(_, _, Conversion::Program, _)] = hit.key.replacements {
            let program = programs.iter().find(|program| std::ptr::eq(program[0], hit));
            let jobs = program.map(|program| domino_program::jobs(program, &mut draft.remarks));
            for job in jobs.into_iter().flatten() {
                draft.add_element("job", job, hit.table);
            }
        } else if let Err(why) = draft.write(hit) {
            draft.remarks.push(format!("{}: {why}", hit.quoted()));
        }
    }
    draft.add_purge_job();
    draft.name_jobs();
    let policies = draft.tables.iter_mut().filter(|table| table.header.starts_with("[policy"));
    policies.for_each(LegacyTable::fit_bounds);
    draft.note_dotted_keys();
    draft.remarks
}

struct Draft<'a> {
    tables: &'a mut Vec<LegacyTable>,
    hits: &'a [LegacyEntry],
    remarks: Vec<String>,
}

impl Draft<'_> {
    /// Writes the keys that replace one, table by table. Fails without a value to write.
    fn write(&mut self, hit: &LegacyEntry) -> Result<(), &'static str> {
        for keys in hit.key.replacements.chunk_by(|one, other| one.0 == other.0) {
            let new = keys.iter().map(|key| assignment(hit, key));
            let mut new: Vec<Assignment> = new.collect::<Result<_, _>>()?;
            match keys[0].0 {
                "job" => {
                    let is_cleanup = (hit.key.system, hit.key.kind) == WEBSPHERE;
                    if is_cleanup && self.is_cleanup_off() {
                        new.push(Assignment::new("enabled", "false".to_owned()));
                    }
                    self.add_element("job", new, hit.table);
                }
                "licence" => self.add_element("licence", new, hit.table),
                "policy" => self.add(&policy_around(hit), new),
                table => self.add(table, new),
            }
        }
        Ok(())
    }

    fn is_cleanup_off(&self) -> bool {
        let is_switch = |hit: &&LegacyEntry| hit.key.name() == "Schedule sessions cleanup";
        self.hits.iter().filter(is_switch).any(|hit| is_off(&hit.value))
    }

    fn add(&mut self, name: &str, new: Vec<Assignment>) {
        let plain = |name: &str| name.to_lowercase().replace(['"', '\'', ' '], "");
        let is_same = |table: &LegacyTable| plain(&table.path.join(".")) == plain(name);
        let known = self.tables.iter().position(is_same);
        let at = known.unwrap_or(self.tables.len());
        if known.is_none() {
            self.tables.push(LegacyTable::new(name, format!("[{name}]"), Vec::new()));
        }
        for new in new {
            self.tables[at].add(new, &mut self.remarks);
        }
    }

    /// Adds an element to a list unless there is the same one. A job completes the one that
    /// its legacy keys are in.
    fn add_element(&mut self, list: &str, new: Vec<Assignment>, around: usize) {
        let table = &mut self.tables[around];
        let is_complete = table.has("do") && (table.has("at") || table.has("every"));
        if list == "job" && table.path == [list] && !table.own.is_empty() && !is_complete {
            for new in new {
                table.add(new, &mut self.remarks);
            }
            return;
        }
        let element = LegacyTable::new(list, format!("[[{list}]]"), new);
        let keys = |table: &LegacyTable| -> Vec<(String, String)> {
            table.new.iter().map(|new| (new.key.clone(), new.value.clone())).collect()
        };
        let is_same = |table: &LegacyTable| {
            table.line.is_none() && table.path == [list] && keys(table) == keys(&element)
        };
        if !self.tables.iter().any(is_same) {
            self.tables.push(element);
        }
    }

    /// Adds a purge job if sessions would not end without one.
    fn add_purge_job(&mut self) {
        let is_purge = |key: &str, value: &str| key == "do" && value.trim_matches('"') == "purge";
        let mut own = self.tables.iter().flat_map(|table| &table.own);
        let mut new = self.tables.iter().flat_map(|table| &table.new);
        let has_purge = own.any(|(key, value)| is_purge(key, value))
            || new.clone().any(|new| is_purge(&new.key, &new.value));
        let needs_purge = new.any(|new| {
            let is_limit = ["timeout", "abandoned", "delay"].contains(&new.key.as_str());
            is_limit && new.value != "\"never\""
        });
        if has_purge || !needs_purge {
            return;
        }
        let is_of = |(system, _)| self.hits.iter().any(|hit| hit.key.system == system);
        let (name, key, when) = if is_of(WEBSPHERE) {
            ("reaper", "every", "auto")
        } else if is_of(PARAM) {
            ("check", "at", "0 0 *")
        } else {
            let what = "no job has do = \"purge\": nothing ends until \"sessctl purge\" runs";
            self.remarks.push(what.to_owned());
            return;
        };
        let job = [("name", name), (key, when), ("do", "purge")];
        let job = job.map(|(key, value)| Assignment::text(key, value));
        self.add_element("job", job.into(), 0);
    }

    /// Gives new jobs names that no other job has.
    fn name_jobs(&mut self) {
        let own = self.tables.iter().flat_map(|table| &table.own);
        let own = own.filter(|(key, _)| key == "name").map(|(_, name)| format!("{name:?}"));
        let mut taken: Vec<String> = own.collect();
        let new = self.tables.iter_mut().flat_map(|table| &mut table.new);
        for name in new.filter(|new| new.key == "name") {
            let first = name.value.trim_end_matches('"').to_owned();
            let numbered = (2..).map(|number| format!("{first} {number}\""));
            let mut names = std::iter::once(name.value.clone()).chain(numbered);
            name.value = names.find(|name| !taken.contains(name)).unwrap_or_default();
            taken.push(name.value.clone());
        }
    }

    /// Notes keys above the first table that belong to one of the tables in the block.
    fn note_dotted_keys(&mut self) {
        let changed = self.tables.iter().filter(|table| !table.new.is_empty());
        let names = changed.filter_map(|table| table.path.first()?.split('.').next());
        let names: Vec<&str> = names.collect();
        let above = self.tables[0].own.iter().filter(|(key, _)| names.contains(&key.as_str()));
        self.remarks.extend(above.map(|(key, _)| {
            format!("{key}: is above the first table: move it below this header yourself")
        }));
    }
}

fn policy_around(hit: &LegacyEntry) -> String {
    match hit.path.as_slice() {
        [policy, task] if policy == "policy" => format!("policy.{task:?}"),
        _ => "policy".to_owned(),
    }
}

fn assignment(hit: &LegacyEntry, new: &Replacement) -> Result<Assignment, &'static str> {
    let (_, key, conversion, default) = new;
    let converted = conversion.convert(&hit.value, &hit.any, default)?;
    let remark = |expected| format!("{} is not {expected}; using the default", hit.quoted());
    let remarks = converted.expected.map(remark).into_iter().collect();
    let rank = converted.rank;
    Ok(Assignment { remarks, rank, source: hit.quoted(), ..Assignment::new(key, converted.toml) })
}

//! Result of an examination: facts and findings.

use crate::output::human;
use crate::output::record::Value;

/// Property of a database without a judgment.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Stable name for programs.
    pub id: &'static str,
    pub title: &'static str,
    pub value: Value,
    /// Value as people read it.
    pub shown: String,
}

/// Problem, its consequence, and the command that solves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name for programs.
    pub id: &'static str,
    pub what: String,
    pub why: String,
    pub fix: String,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Examination {
    pub facts: Vec<Fact>,
    pub findings: Vec<Finding>,
}

impl Examination {
    pub fn fact(&mut self, id: &'static str, title: &'static str, value: Value) {
        let shown = human::show(&value).into_owned();
        self.facts.push(Fact { id, title, value, shown });
    }

    /// Adds a fact that people read in other words than programs.
    pub fn worded(
        &mut self,
        id: &'static str,
        title: &'static str,
        value: Value,
        shown: impl Into<String>,
    ) {
        self.facts.push(Fact { id, title, value, shown: shown.into() });
    }

    pub fn size(&mut self, id: &'static str, title: &'static str, bytes: u64) {
        self.worded(id, title, Value::Count(bytes), human::bytes(bytes));
    }

    /// Adds a list as one text.
    pub fn list(&mut self, id: &'static str, title: &'static str, items: &[String]) {
        match items {
            [] => self.worded(id, title, Value::Absent, "none"),
            items => self.fact(id, title, Value::Text(items.join(", "))),
        }
    }

    pub fn find(
        &mut self,
        id: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.findings.push(Finding { id, what: what.into(), why: why.into(), fix: fix.into() });
    }
}

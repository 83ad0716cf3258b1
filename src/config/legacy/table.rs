//! Tables of the file, and keys to add to them.

use crate::domain::time::Span;

/// A new key with its value in TOML.
pub(super) struct Assignment {
    pub(super) key: String,
    pub(super) value: String,
    /// A lower rank is more exact.
    pub(super) rank: u8,
    /// The legacy key and its value.
    pub(super) source: String,
    pub(super) remarks: Vec<String>,
}

impl Assignment {
    pub(super) fn new(key: &str, value: String) -> Self {
        Self { key: key.to_owned(), value, rank: 0, source: String::new(), remarks: Vec::new() }
    }

    pub(super) fn text(key: &str, value: &str) -> Self {
        Self::new(key, format!("\"{value}\""))
    }
}

#[derive(Default)]
pub(super) struct LegacyTable {
    /// Empty for the keys above the first header.
    pub(super) header: String,
    /// The names of the tables around it, and its own.
    pub(super) path: Vec<String>,
    pub(super) line: Option<usize>,
    /// Keys in the file that are not legacy ones, and their values without quotes.
    pub(super) own: Vec<(String, String)>,
    pub(super) new: Vec<Assignment>,
}

impl LegacyTable {
    pub(super) fn new(name: &str, header: String, new: Vec<Assignment>) -> Self {
        Self { header, path: vec![name.to_owned()], new, ..Self::default() }
    }

    pub(super) fn is_list(&self) -> bool {
        self.header.starts_with("[[")
    }

    fn get(&self, key: &str) -> Option<&str> {
        let own = self.own.iter().map(|(key, value)| (key, value.as_str()));
        let new = self.new.iter().map(|new| (&new.key, new.value.trim_matches('"')));
        own.chain(new).find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn span(&self, key: &str) -> Option<Span> {
        self.get(key).map(|value| value.parse().unwrap_or(Span::seconds(i64::MAX)))
    }

    /// Adds a key unless the table has a more exact one.
    pub(super) fn add(&mut self, new: Assignment, remarks: &mut Vec<String>) {
        // A job has only one of these two.
        let rival = match new.key.as_str() {
            "at" => "every",
            "every" => "at",
            key => key,
        };
        let is_rival = |key: &str| key == new.key || key == rival;
        if let Some((key, _)) = self.own.iter().find(|(key, _)| is_rival(key)) {
            if !self.is_list() {
                let what = format!("ignored, because {} sets {key}", self.header);
                remarks.push(format!("{}: {what}", new.source));
            }
            return;
        }
        match self.new.iter_mut().find(|old| is_rival(&old.key)) {
            None => self.new.push(new),
            Some(old) if new.rank < old.rank => *old = new,
            Some(old) if new.rank == old.rank && new.value != old.value => {
                remarks.push(format!(
                    "{}: ignored, because {} has another value",
                    new.source, old.source
                ));
            }
            Some(_) => {}
        }
    }

    /// Makes new bounds of the timeouts agree with the rest of a policy.
    pub(super) fn fit_bounds(&mut self) {
        const TIMEOUT: Span = Span::minutes(30);
        const MIN_TIMEOUT: Span = Span::minutes(5);
        let max = self.span("max_timeout").filter(|max| *max < TIMEOUT && !self.has("timeout"));
        if let Some(max) = max.filter(|_| self.new.iter().any(|new| new.key == "max_timeout")) {
            let mut timeout = Assignment::text("timeout", &max.to_string());
            timeout.remarks.push(format!("the default, {TIMEOUT}, is more than max_timeout"));
            self.new.insert(0, timeout);
        }
        let Some(at) = self.new.iter().position(|new| new.key == "touch_resolution") else {
            return;
        };
        let touch = self.span("touch_resolution").unwrap_or_default();
        let twice = Span::seconds(touch.as_seconds().saturating_mul(2));
        if twice > self.span("timeout").unwrap_or(TIMEOUT) {
            let touch = &mut self.new[at];
            let what = "more than half of the timeout; using the default";
            touch.remarks.push(format!("{}: {what}", touch.source));
            "\"0s\"".clone_into(&mut touch.value);
        } else if twice > MIN_TIMEOUT && !self.has("min_timeout") {
            let mut min = Assignment::text("min_timeout", &twice.to_string());
            min.remarks.push("touch_resolution must not exceed half of this".to_owned());
            self.new.insert(at, min);
        }
    }
}

//! Tables of frameworks with a few rows, in tests/fixtures/frameworks: a file for each, or several
//! for a framework. The lines at its head say what is in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sessctl::config::profile;
use sessctl::domain::profile::Profile;

/// Table of a framework, with its profile and expected results.
#[derive(Clone, Default)]
pub struct Framework {
    /// The file's name without its extension.
    pub fixture: String,
    /// Name of a built-in profile, or path of a profile.
    pub profile: String,
    /// The parameters, `NAME=VALUE`.
    pub parameters: Vec<String>,
    /// The table's name.
    pub table: String,
    /// An expression in SQL for the id of a row: its column, quoted if necessary.
    pub id: String,
    /// Statements that create the table and a few rows.
    pub sql: String,
    /// A condition in SQL for the rows that have expired at the clock.
    pub predicate: String,
    /// The ids of these rows.
    pub expected: BTreeSet<String>,
    /// True if the rows do not suffice to choose the profile.
    pub must_be_named: bool,
}

static ALL: LazyLock<Vec<Framework>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/frameworks");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    // A name comes before those that it begins.
    files.sort_by_key(|file| file.file_stem().unwrap().to_owned());
    files.iter().map(|file| Framework::of_file(file)).collect()
});

/// All of the fixtures, in the order of their names.
pub fn all() -> Vec<Framework> {
    ALL.clone()
}

/// Fixture of this profile; the first one if there are several.
#[track_caller]
pub fn named(profile: &str) -> Framework {
    let found = ALL.iter().find(|framework| framework.profile == profile).cloned();
    found.unwrap_or_else(|| panic!("no fixture of {profile}"))
}

/// All built-in profiles, with the parameters of their fixtures.
pub fn built_in_profiles() -> Vec<Profile> {
    profile::built_in().iter().map(|(name, _)| named(name).read()).collect()
}

impl Framework {
    /// Reads the lines at the head of a file.
    pub fn of_file(file: &Path) -> Self {
        let sql = std::fs::read_to_string(file).unwrap();
        let line = |key: &str| {
            let key = format!("-- {key}: ");
            let mut head = sql.lines().take_while(|line| line.starts_with("--"));
            head.find_map(|line| line.strip_prefix(&key)).map(str::to_owned)
        };
        let required =
            |key: &str| line(key).unwrap_or_else(|| panic!("{}: no {key}", file.display()));
        let place = required("table");
        let (table, id) = place.split_once("  id: ").unwrap();
        assert!(line("verified").is_some() || line("profile").is_none(), "{}", file.display());
        let mut framework = Self {
            fixture: file.file_stem().unwrap().to_str().unwrap().to_owned(),
            profile: line("profile").unwrap_or_default(),
            parameters: line("parameters")
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            table: table.to_owned(),
            id: id.to_owned(),
            predicate: required("expired predicate at that clock"),
            expected: ids(&required("expected expired ids")),
            must_be_named: line("must be named").is_some(),
            sql,
        };
        if !framework.profile.is_empty() {
            let profile = framework.read();
            framework.must_be_named |= !profile.is_detected || !profile.holds_sessions();
        }
        framework
    }

    /// Arguments `--param` for its parameters.
    pub fn params(&self) -> Vec<&str> {
        self.parameters.iter().flat_map(|parameter| ["--param", parameter]).collect()
    }

    /// Arguments `--profile`, `--table` and `--param`.
    pub fn named(&self) -> Vec<&str> {
        [vec!["--profile", &self.profile, "--table", &self.table], self.params()].concat()
    }

    /// The text of the profile.
    #[track_caller]
    pub fn text(&self) -> String {
        if Path::new(&self.profile).extension().is_some() {
            return std::fs::read_to_string(&self.profile).unwrap();
        }
        let known = profile::built_in().iter().find(|(name, _)| *name == self.profile);
        known.unwrap_or_else(|| panic!("no profile {}", self.profile)).1.to_owned()
    }

    /// Parsed profile.
    #[track_caller]
    pub fn read(&self) -> Profile {
        self.read_as(&self.text())
    }

    /// Profile parsed from another text, for the same table with the same parameters.
    #[track_caller]
    pub fn read_as(&self, text: &str) -> Profile {
        let pair = |parameter: &String| {
            let (name, value) = parameter.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let given = self.parameters.iter().map(pair).collect();
        let profile = profile::parse(text, "profile.toml", &given)
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.profile));
        Profile { table: self.table.clone(), ..profile }
    }

    /// Reports whether rows of the table may be deleted.
    pub fn is_purgeable(&self) -> bool {
        self.read().readonly.is_none()
    }
}

/// Ids as a header has them, text or numbers, in a list.
fn ids(list: &str) -> BTreeSet<String> {
    let ids: Vec<serde_json::Value> = serde_json::from_str(list).unwrap();
    ids.iter().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).collect()
}

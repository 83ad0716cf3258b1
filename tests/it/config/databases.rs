//! Tests of `config::set` and `config::database`.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use sessctl::config::{Config, ConfigSet, ConfigTexts, DropIn};

/// Tables, with keys and two values each that fit all others.
const KEYS: &[(&str, &str, [&str; 2])] = &[
    ("", "profile", ["'django'", "'laravel'"]),
    ("", "table", ["'a'", "'b'"]),
    ("", "state_dir", ["'/s'", "'t'"]),
    ("parameters", "lifetime", ["'2h'", "'3h'"]),
    ("parameters", "idle", ["'4h'", "'5h'"]),
    ("policy", "timeout", ["'30m'", "'40m'"]),
    ("policy", "lifetime", ["'9d'", "'never'"]),
    ("policy", "retention", ["'1d'", "'40d'"]),
    ("policy.imap", "timeout", ["'31m'", "'41m'"]),
    ("policy.imap", "limit", ["1", "2"]),
    ("policy.'we*'", "limit", ["3", "4"]),
    ("schedule", "timezone", ["'UTC'", "'Europe/Berlin'"]),
    ("retention", "max", ["'30d'", "'60d'"]),
    ("retention.imap", "max", ["'10d'", "'20d'"]),
    ("guard", "max_percent", ["10", "20.5"]),
    ("guard", "max_rows", ["7", "8"]),
    ("purge", "hold", ["'3ms'", "'4ms'"]),
    ("archive", "file", ["'a-%Y-%m-%d.jsonl'", "'b-%Y-%m-%d.jsonl'"]),
    ("hooks", "on_end", ["['/bin/a']", "['/bin/b', 'c']"]),
    ("hooks", "user", ["'alice'", "['bob', 'carol']"]),
    ("ledger", "keep", ["'1d'", "'2d'"]),
    ("cluster", "timeout", ["'2s'", "'3s'"]),
];

#[derive(Debug, Clone, Default)]
struct Layer {
    tables: BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>,
    /// Names of jobs, with the hours of their schedules.
    jobs: Vec<(&'static str, u8)>,
    licences: Vec<u8>,
    notify_command: bool,
    notify_after: Option<u8>,
}

impl Layer {
    /// What a person would write who had this layer and the general one in one file.
    fn merged_over(&self, general: &Self) -> Self {
        let mut merged = general.clone();
        for (table, keys) in &self.tables {
            merged.tables.entry(table).or_default().extend(keys);
        }
        for job in &self.jobs {
            match merged.jobs.iter_mut().find(|known| known.0 == job.0) {
                Some(known) => *known = *job,
                None => merged.jobs.push(*job),
            }
        }
        if !self.licences.is_empty() {
            merged.licences.clone_from(&self.licences);
        }
        merged.notify_command = self.notify_command;
        merged.notify_after = self.notify_after.or(general.notify_after);
        merged
    }

    fn text(&self, prefix: &str) -> String {
        let mut text = String::new();
        for (table, keys) in &self.tables {
            if !table.is_empty() {
                text.extend([format!("[{prefix}{table}]\n")]);
            }
            text.extend(keys.iter().map(|(key, value)| format!("{key} = {value}\n")));
        }
        for (name, hour) in &self.jobs {
            text.extend([format!(
                "[[{prefix}job]]\nname = '{name}'\nat = '5 {hour} *'\ndo = 'purge'\n"
            )]);
        }
        for limit in &self.licences {
            text.extend([format!("[[{prefix}licence]]\ntasks = ['t{limit}']\nlimit = {limit}\n")]);
        }
        if self.notify_command || self.notify_after.is_some() {
            text.extend([format!("[{prefix}notify]\n")]);
        }
        if self.notify_command {
            text += "on_failure = ['/bin/alert']\n";
        }
        text.extend(self.notify_after.map(|after| format!("after = {after}\n")));
        text
    }
}

fn layers() -> impl Strategy<Value = Layer> {
    let keys = proptest::collection::vec(0..3_usize, KEYS.len());
    let job = (prop::sample::select(&["purge", "night", "x y"][..]), 0..24_u8);
    let jobs = proptest::collection::btree_map(job.0, job.1, 0..3);
    let licences = proptest::collection::btree_set(1..9_u8, 0..3);
    (keys, jobs, licences, any::<bool>(), prop::option::of(0..5_u8)).prop_map(
        |(keys, jobs, licences, notify_command, notify_after)| {
            let mut tables: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
            for ((table, key, values), chosen) in KEYS.iter().zip(keys) {
                if let Some(value) = chosen.checked_sub(1).map(|index| values[index]) {
                    tables.entry(*table).or_default().insert(*key, value);
                }
            }
            let (jobs, licences) = (jobs.into_iter().collect(), licences.into_iter().collect());
            Layer { tables, jobs, licences, notify_command, notify_after }
        },
    )
}

/// All settings, with whether a file sets them.
fn settings(config: &Config) -> Vec<(String, String, bool)> {
    let settings = config.settings().into_iter();
    settings.map(|setting| (setting.key, setting.value, setting.line.is_some())).collect()
}

fn set(main: &str, drop_ins: &[(&str, &str)]) -> ConfigSet {
    ConfigSet::parse(&texts(main, drop_ins)).unwrap()
}

fn texts(main: &str, drop_ins: &[(&str, &str)]) -> ConfigTexts {
    let drop_in = |(file, text): &(&str, &str)| DropIn {
        file: Path::new("c.d").join(file),
        text: Ok((*text).to_owned()),
    };
    ConfigTexts {
        main: Some(("c.toml".into(), main.to_owned())),
        drop_ins: drop_ins.iter().map(drop_in).collect(),
        directory: "/etc".into(),
        ..ConfigTexts::default()
    }
}

proptest! {
    #[test]
    fn a_database_has_the_settings_of_the_file_that_a_person_would_have_merged(
        general in layers(), own in layers(), is_drop_in: bool,
    ) {
        let entry = format!("[[database]]\nname = 'shop'\npath = '/a.db'\n{}", own.text("database."));
        let set = if is_drop_in {
            set(&general.text(""), &[("shop.toml", &entry)])
        } else {
            set(&(general.text("") + &entry), &[])
        };
        prop_assert_eq!(&set.faults, &[]);
        let by_hand = format!("db = '/a.db'\n{}", own.merged_over(&general).text(""));
        let (merged, by_hand) =
            (&set.databases[0].config, Config::parse(&by_hand, "by_hand.toml").unwrap());
        prop_assert_eq!(settings(merged), settings(&by_hand));
        let order = |config: &Config| {
            config.jobs.iter().map(|job| job.name.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(order(merged), order(&by_hand));
        prop_assert_eq!(&merged.policies, &by_hand.policies);
        prop_assert_eq!(&merged.jobs, &by_hand.jobs);
        prop_assert_eq!(&merged.warnings, &by_hand.warnings);
        // The general settings are those of the general file alone.
        let alone = Config::parse(&general.text(""), "c.toml").unwrap();
        prop_assert_eq!(settings(&set.general), settings(&alone));
    }
}

/// The mistakes of a configuration: in the general file, or else in the others.
fn mistakes(main: &str, drop_ins: &[(&str, &str)]) -> String {
    match ConfigSet::parse(&texts(main, drop_ins)) {
        Err(error) => format!("error: {error}"),
        Ok(set) => {
            let disabled = |fault: &sessctl::config::ConfigFault| {
                let names: Vec<&str> = fault.databases.iter().map(|it| it.name.as_str()).collect();
                format!("{} ({})", fault.message, names.join(", "))
            };
            set.faults.iter().map(disabled).collect::<Vec<_>>().join("\n")
        }
    }
}

const SHOP: &str = "[[database]]\nname = 'shop'\npath = '/shop.db'\n";

#[test]
fn a_mistake_in_a_database_names_its_file_line_and_key() {
    let with = |rest: &str| mistakes("", &[("shop.toml", &format!("{SHOP}{rest}\n"))]);
    let found: Vec<String> = [
        "addres = 'x'",
        "address = 'http://db1'",
        "db = 'x'",
        "license = 1",
        "as = ''",
        "labels = { 1a = 'b' }",
        "labels = { job = 'b' }",
        "labels = { __x = 'b' }",
        "labels = { team = 1 }",
        "labels = 'x'",
        "[database.policy]\ntimout = '1h'",
        "[database.policy.imap]\ntimeout = '1x'",
        "[[database.job]]\nname = 'a'\ndo = 'purge'",
        "job = 1",
        "policy = 1",
        "database = 1",
        "[database.parameters]\nlifetime = 1",
        "[[database.licence]]\ntasks = ['a']\nlimit = 0",
        "[[database.job]]\nname = 'a'\nat = '5 * *'\ndo = 'purge'\n[[database.job]]\nname = 'a'",
    ]
    .into_iter()
    .map(with)
    .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.d/shop.toml:4: database.addres: unknown key; valid keys: name, path, address, as, labels, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster (shop)
    c.d/shop.toml:4: database.address: cannot be combined with path (shop)
    c.d/shop.toml:4: database.db: use path for a file, or address for a cluster (shop)
    c.d/shop.toml:4: database.license: this is a redbex licence limit; replace line 4 with:

        [[licence]]
        tasks = ["*"]
        limit = 1 (shop)
    c.d/shop.toml:4: database.as: must not be empty (shop)
    c.d/shop.toml:4: database.labels.1a: labels are named with letters, digits and underscores, the first one no digit (shop)
    c.d/shop.toml:4: database.labels.job: this label is reserved: choose another name (shop)
    c.d/shop.toml:4: database.labels.__x: this label is reserved: choose another name (shop)
    c.d/shop.toml:4: database.labels.team: must be a string in quotes, not the integer 1 (shop)
    c.d/shop.toml:4: database.labels: must be a table: use [database.labels] above its keys (shop)
    c.d/shop.toml:5: database.policy.timout: unknown key; valid keys: expire, timeout, min_timeout, max_timeout, abandoned, lifetime, delay, limit, user_limit, when_full, strict, touch_resolution, retention (shop)
    c.d/shop.toml:5: database.policy.imap.timeout: "1x" is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d; or use "never" (shop)
    c.d/shop.toml:4: database.job.at: is required: a job needs at, like "0 3 *", or every, like "5m" (shop)
    c.d/shop.toml:4: database.job: must be an array of tables, like [[database.job]], not the integer 1 (shop)
    c.d/shop.toml:4: database.policy: must be a table: use [database.policy] above its keys (shop)
    c.d/shop.toml:4: database.database: unknown key; valid keys: name, path, address, as, labels, profile, table, parameters, state_dir, policy, licence, schedule, retention, guard, purge, archive, job, hooks, notify, ledger, cluster (shop)
    c.d/shop.toml:5: database.parameters.lifetime: must be a string in quotes, not the integer 1 (shop)
    c.d/shop.toml:6: database.licence.limit: must be 1 or more; for no limit, remove the licence (shop)
    c.d/shop.toml:9: database.job.name: job name "a" is already in use (shop)
    "#);
}

#[test]
fn a_database_needs_a_name_and_a_place() {
    let found: Vec<String> = [
        "[[database]]\npath = 'a'",
        "[[database]]\nname = 'a'",
        "[[database]]\nname = 'a/b'\npath = 'a'",
        "[[database]]\nname = '.a'\npath = 'a'",
        "[[database]]\nname = ''\npath = 'a'",
        "[[database]]\nname = 'a'\npath = 'http://db1:4001'",
        "[[database]]\nname = 'a'\naddress = 'a.db'",
        "[[database]]\nname = 'a'\naddress = 'http://bob:secret@db1:4001'",
        "[database]\nname = 'a'\npath = 'a'",
        "[[database]]\nname = 'a\npath = 'b.db'",
    ]
    .iter()
    .map(|text| mistakes("", &[("a.toml", text)]))
    .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.d/a.toml:1: database.name: is required: each database needs a unique name (a)
    c.d/a.toml:1: database.path: is required: the file that holds the sessions, or use address for a cluster (a)
    c.d/a.toml:2: database.name: must be at most 64 letters, digits, dots, hyphens and underscores, the first one a letter or a digit, not "a/b" (a/b)
    c.d/a.toml:2: database.name: must be at most 64 letters, digits, dots, hyphens and underscores, the first one a letter or a digit, not ".a" (.a)
    c.d/a.toml:2: database.name: must be at most 64 letters, digits, dots, hyphens and underscores, the first one a letter or a digit, not "" (a)
    c.d/a.toml:3: database.path: must be the path of a file: use address for a cluster (a)
    c.d/a.toml:3: database.address: must be the address of a cluster, like "http://db1:4001": use path for a file (a)
    c.d/a.toml:3: database.address: must not contain a password: use credentials in [database.cluster] (a)
    c.d/a.toml:1: database: must be an array of tables, like [[database]], not a table ()
    c.d/a.toml:2: invalid literal string, expected `'` (a)
    "#);
}

#[test]
fn a_file_of_databases_contains_nothing_else() {
    let found: Vec<String> =
        ["db = 'a'", "[policy]\ntimeout = '1h'", "x = 1", "[[job]]\nname = 'a'"]
            .iter()
            .map(|text| mistakes("", &[("a.toml", &format!("{text}\n{SHOP}"))]))
            .collect();
    insta::assert_snapshot!(found.join("\n"), @"
    c.d/a.toml:1: db: belongs in c.toml: this file can contain only [[database]] (shop)
    c.d/a.toml:1: policy: belongs in c.toml: this file can contain only [[database]] (shop)
    c.d/a.toml:1: x: unknown key; valid keys: database (shop)
    c.d/a.toml:1: job: belongs in c.toml: this file can contain only [[database]] (shop)
    ");
    assert_eq!(mistakes("", &[("a.toml", ""), ("b.toml", "# nothing yet\n")]), "");
}

#[test]
fn settings_that_contradict_each_other_name_the_file_of_the_database() {
    let main = "[policy]\ntimeout = '2h'\nmin_timeout = '1h'\nmax_timeout = '3h'\n[archive]\nkeep = '3d'\nfile = 'a-%Y-%m-%d.jsonl'\n";
    let found: Vec<String> = [
        "[database.policy]\ntimeout = '5m'",
        "[database.policy]\nmax_timeout = '30m'",
        "[database.archive]\nfile = 'a.jsonl'",
    ]
    .iter()
    .map(|rest| mistakes(main, &[("shop.toml", &format!("{SHOP}{rest}\n"))]))
    .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.d/shop.toml:5: database.policy.timeout: "5m" is less than min_timeout = "1h" (shop)
    c.toml:3: policy.min_timeout: "1h" exceeds max_timeout = "30m", with the settings of the [[database]] at c.d/shop.toml:1 (shop)
    c.toml:6: archive.keep: applies to whole files, and "a.jsonl" has no date in its name: add one, like "sessions-%Y-%m-%d.jsonl", with the settings of the [[database]] at c.d/shop.toml:1 (shop)
    "#);
}

#[test]
fn a_mistake_in_the_general_file_is_an_error() {
    let blog = "[[database]]\nname = 'blog'\npath = '/blog.db'\n";
    let found = [
        mistakes("[policy]\ntimeout = 1", &[("shop.toml", SHOP)]),
        mistakes(&format!("{SHOP}[database.policy]\ntimeout = 1"), &[]),
        mistakes(&format!("db = 'x'\n{SHOP}"), &[]),
        mistakes("db = 'x'\n", &[("shop.toml", SHOP)]),
        mistakes(&format!("{SHOP}{blog}{SHOP}"), &[]),
        mistakes(&format!("{SHOP}{}", blog.replace("/blog.db", "/./shop.db")), &[]),
    ];
    insta::assert_snapshot!(found.join("\n"), @r#"
    error: c.toml:2: policy.timeout: must be a duration in quotes, like "30m", not the integer 1; or use "never"
    error: c.toml:5: database.policy.timeout: must be a duration in quotes, like "30m", not the integer 1; or use "never"
    error: c.toml:1: db: cannot be combined with the [[database]] at c.toml:3: use [[database]] with a name and a path for this one, too
    error: c.toml:1: db: cannot be combined with the [[database]] at c.d/shop.toml:2: use [[database]] with a name and a path for this one, too
    error: c.toml:8: database.name: "shop" is already in use on line 2
    error: c.toml:6: database.path: is already that of "shop" on line 2
    "#);
}

#[test]
fn databases_that_two_files_contain_are_disabled() {
    let main = "[[database]]\nname = 'main'\npath = '/main.db'\n";
    let found = [
        mistakes(main, &[("a.toml", SHOP), ("b.toml", SHOP)]),
        mistakes(main, &[("a.toml", SHOP), ("b.toml", &SHOP.replace("'shop'", "'blog'"))]),
        mistakes(main, &[("a.toml", &main.replace("/main", "/other"))]),
        mistakes(
            "[[database]]\nname = 'x'\npath = 'x.db'\n",
            &[("a.toml", "[[database]]\nname = 'y'\npath = '/etc/x.db'\n")],
        ),
        mistakes(
            "[[database]]\nname = 'x'\naddress = 'http://db1:4001'\n",
            &[("a.toml", "[[database]]\nname = 'y'\naddress = 'http://db1:4001/'\n")],
        ),
        mistakes(main, &[("a.toml", &format!("{SHOP}{SHOP}"))]),
    ];
    insta::assert_snapshot!(found.join("\n"), @r#"
    c.d/b.toml:2: database.name: "shop" is already in use at c.d/a.toml:2 (shop)
    c.d/b.toml:3: database.path: is already that of "shop" at c.d/a.toml:2 (shop, blog)
    c.d/a.toml:2: database.name: "main" is already in use at c.toml:2 (main, main)
    c.d/a.toml:3: database.path: is already that of "x" at c.toml:2 (x, y)
    c.d/a.toml:3: database.address: is already that of "x" at c.toml:2 (x, y)
    c.d/a.toml:5: database.name: "shop" is already in use on line 2 (shop, shop)
    "#);
    let set =
        set(main, &[("a.toml", SHOP), ("b.toml", SHOP), ("c.toml", &SHOP.replace("shop", "c"))]);
    let names: Vec<&str> = set.databases.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["main", "c"]);
}

#[test]
fn a_database_is_selected_by_name_path_or_address() {
    let main = "[[database]]\nname = 'rel'\npath = 'data/rel.db'\n\
        [[database]]\nname = 'far'\naddress = 'http://db1:4001,http://db2:4001'\n";
    let set = set(
        main,
        &[("shop.toml", SHOP), ("up.toml", "[[database]]\nname = 'up'\npath = 'up.db'\n")],
    );
    let found = |typed: &str| set.database(Path::new(typed)).map(|entry| entry.name.to_string());
    for (typed, expected) in [
        ("shop", Some("shop")),
        ("/shop.db", Some("shop")),
        ("//shop.db", Some("shop")),
        ("../shop.db", None),
        ("./shop", None),
        ("data/rel.db", Some("rel")),
        ("/etc/data/rel.db", Some("rel")),
        ("/etc/./data/rel.db", Some("rel")),
        ("c.d/up.db", Some("up")),
        ("up.db", None),
        ("http://db1:4001,http://db2:4001", Some("far")),
        ("http://db1:4001", None),
        ("Shop", None),
        ("", None),
    ] {
        assert_eq!(found(typed).as_deref(), expected, "{typed}");
    }
}

#[test]
fn a_database_of_a_broken_file_is_not_taken_for_an_unconfigured_one() {
    let invalid = format!("{SHOP}[database.policy]\ntimeout = 1\n");
    let no_toml = "[[database]]\nname = \"shop\"\npath = '/shop.db'\n[[database.job]]\nname = 'purge'\nx = \n";
    for text in [invalid.as_str(), no_toml, &format!("x = 1\n{SHOP}")] {
        let set = set("", &[("shop.toml", text)]);
        assert!(set.databases.is_empty());
        for typed in ["shop", "/shop.db", "/./shop.db"] {
            assert!(set.fault_of(Path::new(typed)).is_some(), "{typed}: {text}");
        }
        for typed in ["purge", "other", "/other.db"] {
            assert!(set.fault_of(Path::new(typed)).is_none(), "{typed}: {text}");
        }
        assert!(set.only().is_none());
    }
}

#[test]
fn each_setting_knows_its_file_and_its_line() {
    let main = "[policy]\ntimeout = '1h'\nlifetime = '9d'\n[notify]\nafter = 3\n";
    let own = format!(
        "{SHOP}as = 'www-data'\nlabels = {{ team = 'web' }}\n[database.policy]\ntimeout = '40m'\n"
    );
    let set = set(main, &[("shop.toml", &own)]);
    let config = &set.databases[0].config;
    let lines = config.settings().into_iter().filter_map(|setting| {
        Some(format!("{} = {} {}", setting.key, setting.value, setting.line?))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    db = /shop.db c.d/shop.toml:3
    labels.team = web c.d/shop.toml:5
    policy.timeout = 40m c.d/shop.toml:7
    policy.lifetime = 9d c.toml:3
    notify.after = 3 c.toml:5
    ");
    assert_eq!(config.run_as.as_deref(), Some("www-data"));
    assert_eq!(
        set.databases[0].metric_labels(),
        [("database", "shop"), ("team", "web")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[test]
fn a_relative_path_starts_at_the_file_that_contains_it() {
    let main = "state_dir = 'state'\n[archive]\nfile = 'a.jsonl'\n";
    let set =
        set(main, &[("s.toml", "[[database]]\nname = 's'\npath = 's.db'\nprofile = './p.toml'\n")]);
    let config = &set.databases[0].config;
    for (key, directory) in
        [("db", "c.d"), ("profile", "c.d"), ("state_dir", ""), ("archive.file", "")]
    {
        assert_eq!(config.directory_of(key), Path::new(directory), "{key}");
    }
}

#[test]
fn notifications_are_checked() {
    let found: Vec<String> = [
        "ping = 'hc-ping.com/x'",
        "ping = 'https://'",
        "ping = 'https://a b'",
        "ping = 1",
        "on_failure = 'alert'",
        "on_recovery = []",
        "after = -1",
        "after = 5000000000",
        "before = 1",
    ]
    .iter()
    .flat_map(|line| {
        let job = "[[job]]\nname = 'a'\nat = '5 * *'\ndo = 'purge'\n";
        [format!("[notify]\n{line}\n"), format!("{job}notify = {{ {line} }}\n")]
    })
    .map(|text| mistakes(&text, &[]))
    .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    error: c.toml:2: notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:5: job.notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:2: notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:5: job.notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:2: notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:5: job.notify.ping: must be an address like "https://hc-ping.com/UUID"
    error: c.toml:2: notify.ping: must be a string in quotes, not the integer 1
    error: c.toml:5: job.notify.ping: must be a string in quotes, not the integer 1
    error: c.toml:2: notify.on_failure: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"], not a string
    error: c.toml:5: job.notify.on_failure: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"], not a string
    error: c.toml:2: notify.on_recovery: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"]; the program is missing
    error: c.toml:5: job.notify.on_recovery: must be a program and its arguments, like ["/usr/local/bin/notify", "-v"]; the program is missing
    error: c.toml:2: notify.after: must be an integer of 0 or more
    error: c.toml:5: job.notify.after: must be an integer of 0 or more
    error: c.toml:2: notify.after: must be at most 4294967295
    error: c.toml:5: job.notify.after: must be at most 4294967295
    error: c.toml:2: notify.before: unknown key; valid keys: ping, on_failure, on_recovery, after
    error: c.toml:5: job.notify.before: unknown key; valid keys: ping, on_failure, on_recovery, after
    "#);
}

#[test]
fn a_job_inherits_only_the_number_of_incomplete_runs() {
    let main = "[notify]\non_failure = ['/bin/all']\nafter = 3\n[[job]]\nname = 'a'\nat = '5 * *'\n\
        do = 'purge'\nnotify = { on_failure = ['/bin/job'] }\n\
        [[job]]\nname = 'b'\nat = '5 * *'\ndo = 'purge'\nnotify.after = 0\n";
    let config = Config::parse(main, "c.toml").unwrap();
    let of = |index: usize| config.notify_of(&config.jobs[index]);
    assert_eq!((of(0).on_failure, of(0).after), (vec!["/bin/job".to_owned()], Some(3)));
    assert_eq!((of(1).on_failure, of(1).after), (vec![], Some(0)));
}

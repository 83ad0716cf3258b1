//! The licences of a configuration file: what it may say, and what `show config` says.

use super::{all_said_of, settings};
use crate::support::Sandbox;

#[test]
fn an_invalid_licence_is_named() {
    let said = all_said_of(&[
        "licence = 10\n",
        "[licence]\ntasks = [\"web\"]\nlimit = 10\n",
        "licence = [1]\n",
        "[policy]\n[[licence]]\nlimit = 10\n",
        "[[licence]]\ntasks = [\"web\"]\n",
        "[[licence]]\ntasks = []\nlimit = 10\n",
        "[[licence]]\ntasks = \"web\"\nlimit = 10\n",
        "[[licence]]\ntasks = [\"web\", \" \"]\nlimit = 10\n",
        "[[licence]]\ntasks = [7]\nlimit = 10\n",
        "[[licence]]\ntasks = [\"web\"]\nlimit = 0\n",
        "[[licence]]\ntasks = [\"web\"]\nlimit = -1\n",
        "[[licence]]\ntasks = [\"web\"]\nlimit = \"10\"\n",
        "[[licence]]\ntasks = [\"web\"]\nlimit = 10\nwhen_full = \"evict\"\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:1: licence: must be an array of tables, like [[licence]], not the integer 10
    c.toml:1: licence: must be an array of tables, like [[licence]], not a table
    c.toml:1: licence: must be an array of tables, like [[licence]], not the integer 1
    c.toml:2: licence.tasks: is required: the tasks that the licence covers, like ["web", "desktop"]
    c.toml:1: licence.limit: is required: the maximum number of sessions
    c.toml:2: licence.tasks: must have at least one item, like ["web", "desktop"]
    c.toml:2: licence.tasks: must be an array, like ["web", "desktop"], not a string
    c.toml:2: licence.tasks: must not be empty
    c.toml:2: licence.tasks: must be a string in quotes, not the integer 7
    c.toml:3: licence.limit: must be 1 or more; for no limit, remove the licence
    c.toml:3: licence.limit: must be an integer of 0 or more
    c.toml:3: licence.limit: must be an integer, not a string
    c.toml:4: licence.when_full: "evict" is not a valid overflow policy; valid values: evict-idle, evict-lru, refuse
    "#);
}

#[test]
fn a_task_of_two_licences_is_named_with_the_line_of_the_other() {
    let said = all_said_of(&[
        "[[licence]]\ntasks = [\"web\", \"imap\"]\nlimit = 1\n\
         [[licence]]\nlimit = 2\ntasks = [\n\"jmap\",\n\"IMAP\"]\n",
        "[[licence]]\ntasks = [\"web*\"]\nlimit = 1\n\
         [[licence]]\ntasks = [\"imap\"]\nlimit = 1\n\
         [[licence]]\ntasks = [\"webmail\"]\nlimit = 2\n",
        "[[licence]]\ntasks = [\"*mail\"]\nlimit = 1\n\
         [[licence]]\ntasks = [\"pop3\", \"web*\"]\nlimit = 2\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:8: licence.tasks: "IMAP" overlaps with "imap" of the licence on line 2; a task can belong to only one licence
    c.toml:8: licence.tasks: "webmail" overlaps with "web*" of the licence on line 2; a task can belong to only one licence
    c.toml:5: licence.tasks: "web*" overlaps with "*mail" of the licence on line 2; a task can belong to only one licence
    "#);
}

#[test]
fn a_licence_that_evicts_is_refused_where_nobody_knows_the_last_use() {
    let said = all_said_of(&[
        "[[licence]]\ntasks = [\"web\", \"box\"]\nlimit = 10\n\
         [policy.BOX]\nexpire = \"two-pass\"\n",
        "[policy]\nexpire = \"two-pass\"\n[policy.web]\nexpire = \"timeout\"\n\
         [[licence]]\nwhen_full = \"evict-lru\"\nlimit = 10\ntasks = [\"web\", \"desktop\"]\n",
        "[policy.webbox]\nexpire = \"two-pass\"\n[[licence]]\ntasks = [\"web*\"]\nlimit = 10\n",
    ]);
    insta::assert_snapshot!(said, @r#"
    c.toml:3: licence.limit: 10 cannot be enforced with when_full = "evict-idle" and expire = "two-pass" in [policy.box]: touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    c.toml:7: licence.limit: 10 cannot be enforced with when_full = "evict-lru" and expire = "two-pass" in [policy]: touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    c.toml:5: licence.limit: 10 cannot be enforced with when_full = "evict-idle" and expire = "two-pass" in [policy.webbox]: touches do not record the time of use, so the session to evict is unknown; set when_full = "refuse"
    "#);
    for accepted in [
        // It refuses.
        "[policy]\nexpire = \"two-pass\"\n\
         [[licence]]\ntasks = [\"web\"]\nlimit = 10\nwhen_full = \"refuse\"\n",
        // Its tasks have policies of their own.
        "[policy]\nexpire = \"two-pass\"\n[policy.web]\nexpire = \"abandoned\"\n\
         [[licence]]\ntasks = [\"WEB\"]\nlimit = 10\n",
        // Its patterns repeat themselves, or touch another licence nowhere.
        "[[licence]]\ntasks = [\"web\", \"Web\", \"we*\"]\nlimit = 10\n\
         [[licence]]\ntasks = [\"imap\", \"pop*\"]\nlimit = 5\n",
    ] {
        let sandbox = Sandbox::new();
        sandbox.file("c.toml", accepted);
        sandbox.run(["--config", "c.toml", "purge"]).succeeds().is_silent();
    }
}

#[test]
fn show_config_says_where_each_licence_comes_from() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "c.toml",
        "[[licence]]\ntasks = [\"web\", \"desktop\"]\nlimit = 10\n\
         [[licence]]\nwhen_full = \"refuse\"\nlimit = 3\ntasks = [\"im*\"]\n",
    );
    let shown = settings(&sandbox.run(["--config", "c.toml", "show", "config", "--json"]));
    let licences = shown.lines().filter(|line| line.starts_with("licence."));
    let licences = licences.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(licences, @r#"
    licence.1.tasks ["web", "desktop"] file c.toml:2
    licence.1.limit 10 file c.toml:3
    licence.1.when_full evict-idle default -
    licence.2.tasks ["im*"] file c.toml:7
    licence.2.limit 3 file c.toml:6
    licence.2.when_full refuse file c.toml:5
    "#);
}

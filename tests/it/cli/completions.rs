//! Completions: the words that sessctl offers, and the scripts of the shells.

use std::process::Command;

use crate::support::{SESSCTL, Sandbox};

const CONFIG: &str = "
db = 'app.db'
[policy.imap]
timeout = '30m'
[policy.'web*']
timeout = '30m'
[[job]]
name = 'restart smtp'
at = '0 4 7'
do = 'cycle'
task = 'smtp'
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::without_database();
    sandbox.file("s.toml", CONFIG);
    sandbox
}

/// The kind of paths, and then the words without their meanings.
fn offered(words: &[&str]) -> Vec<String> {
    let answer = sandbox().run([&["__complete", "--"], words].concat()).succeeds().stdout();
    answer.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[track_caller]
fn offers(words: &[&str], expected: &[&str]) {
    assert_eq!(offered(words), expected, "{words:?}");
}

#[test]
fn commands_and_options_are_completed() {
    offers(&["pu"], &["none", "purge"]);
    offers(&["show", "s"], &["none", "stat", "session", "schedule"]);
    offers(&["--db", "app.db", "-q", "show", "ru"], &["none", "runs"]);
    offers(&["purge", "--max-"], &["none", "--max-percent", "--max-rows", "--max-log"]);
    offers(&["terminate", "--user-"], &["none", "--user-unreadable"]);
    let all = offered(&[""]);
    assert!(["init", "purge", "man"].iter().all(|word| all.contains(&(*word).to_owned())));
    assert!(!all.iter().any(|word| word.starts_with("__") || word == "help"), "{all:?}");
}

#[test]
fn values_that_sessctl_knows_are_completed() {
    offers(&["list", "--state", "a"], &["none", "active", "abandoned"]);
    offers(&["list", "--state", "idle,a"], &["none", "idle,active", "idle,abandoned"]);
    offers(&["list", "--sort", "cr"], &["none", "created"]);
    offers(&["list", "--ended-by", "c"], &["none", "closed", "cycled"]);
    offers(&["list", "-o", "j"], &["none", "json", "jsonl"]);
    offers(&["--color", "n"], &["none", "never"]);
    offers(&["completions", "f"], &["none", "fish"]);
    offers(&["--profile", "django-q"], &["files", "django-qsessions", "django-qsessions-local"]);
    offers(&["profile", "check", "django-l"], &["files", "django-local"]);
    offers(&["man", "show", "st"], &["none", "stat"]);
    offers(&["man", "sessctl.t"], &["none", "sessctl.toml"]);
}

#[test]
fn a_value_behind_an_equals_sign_is_completed() {
    offers(&["list", "--ended-by=c"], &["none", "--ended-by=closed", "--ended-by=cycled"]);
    offers(&["purge", "--each=s"], &["none", "--each=stdout", "--each=syslog"]);
    // As bash splits it.
    assert_eq!(offered(&["list", "--ended-by", "="]), offered(&["list", "--ended-by", ""]));
    offers(&["list", "--ended-by", "=", "c"], &["none", "closed", "cycled"]);
    offers(&["list", "--ended-by", "=", "closed", "--ended-s"], &["none", "--ended-since"]);
}

#[test]
fn tasks_jobs_and_databases_come_from_the_configuration() {
    offers(&["--config", "s.toml", "cycle", ""], &["none", "imap", "smtp"]);
    offers(&["--config", "s.toml", "purge", "--task", "i"], &["none", "imap"]);
    offers(&["--config=s.toml", "show", "stat", "s"], &["none", "smtp"]);
    offers(&["--config", "s.toml", "show", "runs", "--job", "r"], &["none", "restart smtp"]);
    offers(&["--config", "s.toml", "show", "runs", "--job", "'restart"], &["none", "restart smtp"]);
    offers(&["--config", "s.toml", "--db", ""], &["files", "app.db"]);
    // Without a configuration that can be read, there is nothing to offer, and no message.
    let sandbox = sandbox();
    sandbox.file("s.toml", "[policy");
    let ran = sandbox.run(["__complete", "--", "--config", "s.toml", "cycle", ""]);
    assert_eq!(ran.succeeds().stdout(), "none\n");
    assert_eq!(ran.stderr(), "");
}

#[test]
fn paths_are_completed_by_the_shell() {
    offers(&["--config", ""], &["files"]);
    offers(&["purge", "--metrics-file", "/"], &["files"]);
    offers(&["man", "--dir", ""], &["directories"]);
    offers(&["purge", "--wait", ""], &["none"]);
}

#[test]
fn nothing_in_a_name_is_run() {
    let sandbox = sandbox();
    let config = "[[job]]\nname = '$(touch run) `touch run`'\nat = '0 4 7'\ndo = 'purge'";
    sandbox.file("s.toml", config);
    let shown = complete_with_bash(&sandbox, "sessctl --config s.toml show runs --job ''");
    assert_eq!(shown, "<\\$\\(touch\\ run\\)\\ \\`touch\\ run\\`>");
    assert!(!sandbox.path("run").exists());
}

/// What bash would insert, each in angle brackets.
fn complete_with_bash(sandbox: &Sandbox, words: &str) -> String {
    let script = format!(
        "source <(\"$SESSCTL\" completions bash)
         sessctl() {{ \"$SESSCTL\" \"$@\"; }}
         COMP_WORDS=({words})
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
         _sessctl sessctl
         [ ${{#COMPREPLY[@]}} = 0 ] || printf '<%s>' \"${{COMPREPLY[@]}}\""
    );
    run_shell("bash", &["-c", &script], sandbox)
}

fn run_shell(shell: &str, args: &[&str], sandbox: &Sandbox) -> String {
    let mut command = Command::new(shell);
    command.args(args).current_dir(sandbox.path("")).env("SESSCTL", SESSCTL);
    command.env_remove("SESSCTL_CONFIG").env_remove("BASH_ENV");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || shell == "fish", "{said}");
    assert_eq!(said, "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_commands_values_and_files() {
    let sandbox = sandbox();
    let complete = |words: &str| complete_with_bash(&sandbox, words);
    assert_eq!(complete("sessctl pur"), "<purge>");
    assert_eq!(complete("sessctl list --state act"), "<active>");
    assert_eq!(complete("sessctl list --ended-by = cl"), "<closed>");
    assert_eq!(complete("sessctl --config s.toml cycle ''"), "<imap><smtp>");
    assert_eq!(complete("sessctl --config s.toml show runs --job ''"), "<restart\\ smtp>");
    assert_eq!(complete("sessctl --config s.t"), "<s.toml>");
    assert_eq!(complete("sessctl list --limit ''"), "");
}

#[test]
#[ignore = "needs fish"]
fn fish_completes_commands_values_and_files() {
    let sandbox = sandbox();
    let complete = |line: &str| {
        let script = format!(
            "function sessctl; $SESSCTL $argv; end
             source (sessctl completions fish | psub)
             complete -C '{line}' | string split -f 1 \\t"
        );
        run_shell("fish", &["--no-config", "-c", &script], &sandbox)
    };
    assert_eq!(complete("sessctl pur"), "purge\n");
    assert_eq!(complete("sessctl list --state=act"), "--state=active\n");
    assert_eq!(complete("sessctl --config s.toml show runs --job "), "restart smtp\n");
    assert_eq!(complete("sessctl --config s."), "s.toml\n");
}

/// Replaces the functions that only a line editor has: they print what they would offer.
const ZSH: &str = "
compdef() { :; }
_describe() { local name=${@[-1]}; print -l -- \"${(@P)name%%:*}\"; }
_files() { print -l -- '<files>'; }
compset() { :; }
sessctl() { \"$SESSCTL\" \"$@\"; }
source <(sessctl completions zsh)
";

#[test]
#[ignore = "needs zsh"]
fn zsh_completes_commands_values_and_files() {
    let sandbox = sandbox();
    let complete = |words: &str| {
        let script = format!("{ZSH}\nwords=({words})\nCURRENT=${{#words}}\n_sessctl\n:");
        run_shell("zsh", &["-f", "-c", &script], &sandbox)
    };
    assert_eq!(complete("sessctl pur"), "purge\n");
    assert_eq!(complete("sessctl list --state act"), "active\n");
    assert_eq!(complete("sessctl --config s.toml cycle ''"), "imap\nsmtp\n");
    assert_eq!(complete("sessctl --config s.toml show runs --job ''"), "restart smtp\n");
    assert_eq!(complete("sessctl --config ''"), "<files>\n");
}

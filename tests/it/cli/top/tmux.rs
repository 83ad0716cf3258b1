//! The view on a real terminal.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::processes::{kill, until};

use crate::support::{MINUTE, SESSCTL, Sandbox, row};

/// Terminal of a server of its own, which ends with the test.
struct Tmux {
    socket: PathBuf,
}

impl Tmux {
    /// Starts a script in a terminal of this size.
    fn start(sandbox: &Sandbox, (width, height): (u16, u16), script: &str) -> Self {
        let terminal = Self { socket: sandbox.path("tmux.socket") };
        let [width, height] = [width, height].map(|it| it.to_string());
        let mut command = terminal.command(&["-f", "/dev/null", "new-session", "-d"]);
        command.args(["-x", &width, "-y", &height, script]).current_dir(sandbox.path(""));
        assert!(command.status().unwrap().success());
        terminal
    }

    /// Starts the view, which is the only process of its terminal.
    fn top(sandbox: &Sandbox, size: (u16, u16), args: &str) -> Self {
        Self::start(sandbox, size, &format!("exec '{SESSCTL}' top {args}"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(args).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.envs([("LANG", "C.UTF-8"), ("SESSCTL_DB", "app.db"), ("HOME", "/dev/null")]);
        command.envs([("STATE_DIRECTORY", "/dev/null/state"), ("TZ", "UTC")]);
        command
    }

    fn output(&self, args: &[&str]) -> String {
        String::from_utf8(self.command(args).output().unwrap().stdout).unwrap()
    }

    fn screen(&self) -> String {
        self.output(&["capture-pane", "-p"])
    }

    fn keys(&self, keys: &[&str]) {
        assert!(self.command(&["send-keys"]).args(keys).status().unwrap().success());
    }

    fn write(&self, text: &str) {
        assert!(self.command(&["send-keys", "-l", text]).status().unwrap().success());
    }

    fn resize(&self, width: u16, height: u16) {
        let [width, height] = [width, height].map(|it| it.to_string());
        assert!(
            self.command(&["resize-window", "-x", &width, "-y", &height])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits until the screen shows a text.
    fn shows(&self, text: &str) {
        let mut screen = String::new();
        let is_there = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(|| {
                screen = self.screen();
                screen.contains(text)
            });
        }));
        assert!(is_there.is_ok(), "no {text:?} on\n{screen}");
    }

    fn hides(&self, text: &str) {
        until(|| !self.screen().contains(text));
    }

    fn process(&self) -> u32 {
        self.output(&["display-message", "-p", "#{pane_pid}"]).trim().parse().unwrap()
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).output();
    }
}

/// The processes that this one has started and that have not ended.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let mut words = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
        words.next() != Some("Z") && words.next() == Some(&parent.to_string())
    };
    numbers.filter(is_child).collect()
}

fn is_gone(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// Three sessions: of alice, bob and carol, the longest unused first.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for (user, idle) in [("alice", 20), ("bob", 10), ("carol", 5)] {
        sandbox.insert(&row(user).user(user).task("imap").idle(idle * MINUTE));
    }
    sandbox
}

#[test]
#[ignore = "needs tmux"]
fn what_ends_is_what_was_selected_and_the_ledger_says_why() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (80, 24), "");
    tmux.shows("carol");
    tmux.keys(&["Down", "t"]);
    tmux.shows("End this session?");
    // It is the longest unused now, and takes the highlighted place.
    sandbox.insert(&row("dora").user("dora").task("imap").idle(29 * MINUTE));
    tmux.shows("user      bob");
    tmux.write("stolen 'laptop'");
    tmux.keys(&["Enter"]);
    tmux.shows("y ends it");
    tmux.keys(&["y"]);
    tmux.shows("ended 1 session of 1 user");
    let open = sandbox.run(["list", "--state", "usable", "--sort", "user", "-o", "csv"]);
    let open = open.succeeds().stdout();
    for (user, is_open) in [("alice", true), ("bob", false), ("carol", true), ("dora", true)] {
        assert_eq!(open.contains(user), is_open, "{open}");
    }
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["do"], "cycle");
    assert_eq!(runs[0]["why"], "stolen 'laptop'");
    assert_eq!(runs[0]["ended"], 1);
}

#[test]
#[ignore = "needs tmux"]
fn a_session_that_has_ended_meanwhile_is_reported() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (80, 24), "--why=test");
    tmux.shows("carol");
    tmux.keys(&["p", "t"]);
    tmux.shows("y ends it");
    sandbox.run(["cycle", "--user", "alice"]).succeeds();
    tmux.keys(&["y"]);
    tmux.shows("not done; Enter closes");
    tmux.shows("had already ended");
}

#[test]
#[ignore = "needs tmux"]
fn each_key_does_what_the_help_says() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (80, 24), "");
    tmux.shows("Sessions  3 by idle down");
    tmux.keys(&["?"]);
    tmux.shows("read now");
    tmux.keys(&["Escape"]);
    tmux.hides("read now");
    tmux.keys(&["s"]);
    tmux.shows("Sessions  3 by user down");
    tmux.keys(&["r"]);
    tmux.shows("by user up");
    tmux.keys(&["Tab"]);
    tmux.shows(">Jobs");
    tmux.keys(&["BTab", "BTab"]);
    tmux.shows(">Users");
    tmux.keys(&["End", "Home", "NPage", "PPage", "j", "k"]);
    tmux.keys(&["Enter"]);
    tmux.shows("filter --user=");
    tmux.shows("Sessions  1 by user up");
    tmux.keys(&["/", "C-u"]);
    tmux.write("--user bob --idle-over soon");
    tmux.keys(&["Enter"]);
    tmux.shows("invalid value");
    tmux.keys(&["C-w"]);
    tmux.write("1m");
    tmux.keys(&["Enter"]);
    tmux.shows("filter --user bob --idle-over 1m");
    tmux.shows("Sessions  1");
    tmux.keys(&["Enter"]);
    tmux.shows("last used");
    tmux.keys(&["Enter"]);
    tmux.hides("last used");
    tmux.keys(&["p"]);
    tmux.shows("PAUSED");
    tmux.keys(&["p"]);
    tmux.hides("PAUSED");
    sandbox.insert(&row("more").user("bob").idle(9 * MINUTE));
    tmux.keys(&["F5"]);
    tmux.shows("Sessions  2");
    let process = tmux.process();
    tmux.keys(&["q"]);
    until(|| is_gone(process));
}

#[test]
#[ignore = "needs tmux"]
fn the_screen_follows_the_size_of_the_terminal() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (60, 20), "");
    tmux.shows("carol");
    tmux.shows("q quit");
    for (width, height) in [(132, 40), (80, 24), (60, 15)] {
        tmux.resize(width, height);
        tmux.shows("carol");
        until(|| {
            let screen = tmux.screen();
            let first = screen.lines().next().unwrap_or_default();
            let last = screen.lines().nth(usize::from(height) - 1).unwrap_or_default();
            first.trim_end().len() == usize::from(width) - 1 && last.contains("q quit")
        });
    }
    tmux.resize(40, 8);
    tmux.shows("needs 60 columns");
    tmux.resize(80, 24);
    tmux.shows("carol");
}

#[test]
#[ignore = "needs tmux"]
fn a_reader_that_is_killed_is_started_again() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (80, 24), "");
    tmux.shows("carol");
    let reader = children(tmux.process());
    assert_eq!(reader.len(), 1);
    kill(reader[0], "-KILL");
    until(|| children(tmux.process()).iter().any(|child| *child != reader[0]));
    sandbox.insert(&row("dora").user("dora").idle(MINUTE));
    tmux.shows("dora");
}

#[test]
#[ignore = "needs tmux"]
fn nothing_is_left_when_the_terminal_is_gone() {
    let sandbox = sandbox();
    let tmux = Tmux::top(&sandbox, (80, 24), "");
    tmux.shows("carol");
    let mut processes = children(tmux.process());
    processes.push(tmux.process());
    assert_eq!(processes.len(), 2);
    drop(tmux);
    until(|| processes.iter().all(|process| is_gone(*process)));
}

#[test]
#[ignore = "needs tmux"]
fn a_signal_gives_the_terminal_back() {
    let sandbox = sandbox();
    let script = format!("stty -a >before; '{SESSCTL}' top; echo code $?; stty -a >after; cat");
    let tmux = Tmux::start(&sandbox, (80, 24), &script);
    tmux.shows("carol");
    let top = children(tmux.process());
    kill(top[0], "-TERM");
    tmux.shows("code 143");
    until(|| sandbox.path("after").exists());
    until(|| sandbox.files()["after"] == sandbox.files()["before"]);
    assert!(!tmux.screen().contains("carol"));
}

#[test]
#[ignore = "needs tmux"]
fn a_shell_can_suspend_and_continue_it() {
    let sandbox = sandbox();
    let tmux = Tmux::start(&sandbox, (80, 24), "exec bash --norc --noprofile -i");
    tmux.write(&format!("'{SESSCTL}' top"));
    tmux.keys(&["Enter"]);
    tmux.shows("carol");
    tmux.keys(&["C-z"]);
    tmux.shows("Stopped");
    tmux.write("fg");
    tmux.keys(&["Enter"]);
    tmux.shows("carol");
    sandbox.insert(&row("dora").user("dora").idle(MINUTE));
    tmux.shows("dora");
}

#[test]
#[ignore = "needs tmux"]
fn a_locked_database_is_shown_until_it_is_free() {
    let sandbox = sandbox();
    let db = sandbox.db();
    db.pragma_update(None, "journal_mode", "delete").unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let tmux = Tmux::top(&sandbox, (80, 24), "");
    tmux.shows("tries again in");
    tmux.shows("locked");
    db.execute_batch("COMMIT").unwrap();
    tmux.shows("carol");
    tmux.hides("tries again in");
}

#[test]
#[ignore = "needs tmux"]
fn one_database_fails_while_the_others_go_on() {
    let sandbox = sandbox();
    sandbox.file(
        "sessctl.toml",
        "[[database]]\nname = \"gone\"\npath = \"gone.db\"\n[[database]]\nname = \"mail\"\npath = \"app.db\"\n",
    );
    let script =
        format!("unset SESSCTL_DB; exec '{SESSCTL}' --config sessctl.toml top --all-databases");
    let tmux = Tmux::start(&sandbox, (80, 24), &script);
    tmux.shows("no database at");
    tmux.shows("mail                       3");
    tmux.keys(&["Down", "Enter"]);
    tmux.shows("carol");
    tmux.keys(&["Escape"]);
    tmux.shows("2 databases");
}

#[test]
#[ignore = "needs tmux"]
fn no_color_means_no_color() {
    let sandbox = sandbox();
    let script = format!("NO_COLOR=1 exec '{SESSCTL}' top");
    for (script, has_colors) in [(script, false), (format!("exec '{SESSCTL}' top"), true)] {
        let tmux = Tmux::start(&sandbox, (80, 24), &script);
        tmux.shows("active");
        let screen = tmux.output(&["capture-pane", "-p", "-e"]);
        let is_color = |code: &str| screen.contains(&format!("\u{1b}[{code}m"));
        assert_eq!(["32", "36"].iter().any(|code| is_color(code)), has_colors, "{screen:?}");
    }
}

#[test]
#[ignore = "needs tmux"]
fn a_terminal_that_cannot_move_its_cursor_is_refused() {
    let sandbox = sandbox();
    let tmux =
        Tmux::start(&sandbox, (80, 24), &format!("TERM=dumb '{SESSCTL}' top; echo code $?; cat"));
    tmux.shows("TERM says that this");
    tmux.shows("code 2");
}

#[test]
fn a_pipe_is_refused() {
    let refused = sandbox().run(["top"]);
    refused.is_refused_with(2);
    assert!(refused.stderr().contains("show stat"), "{}", refused.stderr());
}

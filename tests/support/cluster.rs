//! Commands on the sessions of a cluster.

use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::json;
use sessctl::{Config, UnixTime};

use super::rqlite::{self, Address, Node, Nodes};
use super::{DAY, Sandbox, now};

/// A configuration under which rows of ended sessions stay, except those of one task.
pub const CONFIG: &str = r#"
[policy]
timeout = "24h"
max_timeout = "24h"
retention = "forever"

[policy.imap]
limit = 40
when_full = "evict-lru"

[policy.pop3]
limit = 25
when_full = "refuse"

[policy.edge]
strict = false

[policy.gone]
retention = "0"
"#;

/// Addresses of the nodes, valid even if nodes are killed, and a directory for commands.
pub struct Harness {
    /// URLs of the cluster for `--db`, each with another node first.
    pub urls: Vec<String>,
    pub addresses: Vec<Address>,
    pub config: Config,
    pub sandbox: Sandbox,
}

impl Harness {
    /// Creates an empty table under this configuration.
    pub fn new(nodes: &Nodes, config: &str) -> Self {
        let sandbox = Sandbox::without_database();
        sandbox.file("sessctl.toml", config);
        let harness = Self {
            urls: (0..nodes.nodes.len()).map(|turn| nodes.url_from(turn)).collect(),
            addresses: nodes.nodes.iter().map(Node::address).collect(),
            config: Config::parse(config, "sessctl.toml").unwrap(),
            sandbox,
        };
        assert_eq!(harness.run(&["init"]), (0, String::new()));
        harness
    }

    /// Returns the command with the node at this position first.
    pub fn command(&self, first: usize, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args.iter().copied());
        command
            .env("STATE_DIRECTORY", self.sandbox.path("state"))
            .env("SESSCTL_DB", &self.urls[first])
            .env("SESSCTL_CONFIG", "sessctl.toml")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the command; returns its exit code and its output.
    pub fn run(&self, args: &[&str]) -> (i32, String) {
        code_and_output(self.command(0, args).output().unwrap())
    }

    /// Inserts sessions that expired long ago, each once even if repeated: every other one
    /// keeps its row when it ends.
    pub fn seed(&self, from: i64, count: i64) {
        let sql = "INSERT OR IGNORE INTO sessions \
                   (id, user, task, created_at, last_used_at, idle_timeout) \
                   WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) \
                   SELECT printf('%08x%056x', (i * 2654435761) % 4294967296, i), 'u' || (i % 5000), \
                   CASE i % 2 WHEN 0 THEN 'old' ELSE 'gone' END, ?3, ?3, 3600 FROM n";
        let long_ago = now() - 100 * DAY;
        rqlite::request(&self.addresses, &json!([[sql, from, from + count - 1, long_ago]]));
    }

    /// Number of seeded sessions that are due, according to the leader.
    pub fn due(&self) -> i64 {
        let sql =
            "SELECT count(*) FROM sessions WHERE task IN ('old', 'gone') AND ended_at IS NULL";
        let mut answers = self.addresses.iter().filter_map(|node| node.rows(sql, "weak"));
        answers.find_map(|rows| rows[0][0].as_i64()).unwrap_or(i64::MAX)
    }
}

/// Exit code of a command and its output.
pub fn code_and_output(ran: Output) -> (i32, String) {
    let said = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
    (ran.status.code().unwrap(), said)
}

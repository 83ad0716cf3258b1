//! An HTTP server with scripted answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub path: String,
    pub head: String,
    pub body: String,
}

impl Seen {
    /// True if it writes.
    pub fn writes(&self) -> bool {
        self.path.starts_with("/db/request")
    }
}

/// The reaction to a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers with these bytes, and keeps the connection.
    Say(String),
    /// Answers with these, and hangs up.
    SayAndHangUp(String),
    /// Holds the line, and its peace.
    Silence,
    /// Hangs up.
    HangUp,
    /// Answers with these bytes, and then with these again and again, without an end.
    Endless(String, String),
}

/// An answer of this status.
pub fn status(line: &str, media: &str, body: &str) -> Act {
    let length = body.len();
    Act::Say(format!(
        "HTTP/1.1 {line}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

/// An answer in JSON.
pub fn json(body: &str) -> Act {
    status("200 OK", "application/json; charset=utf-8", body)
}

/// The answer of a node with an empty table of sessions to a read.
pub fn native(seen: &Seen) -> Act {
    if seen.path.starts_with("/status") {
        return json(r#"{"state":"Follower","last_contact":"312.5ms"}"#);
    }
    let statements: Vec<Value> = serde_json::from_str(&seen.body).unwrap();
    let rows = |statement: &Value| {
        let sql = statement[0].as_str().unwrap();
        let rows = if sql.contains("user_version") {
            json!(
                ["clocks", "job_histories", "receipts", "runs", "sessions", "task_names"]
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

/// A server on this machine, which goes with the test.
pub struct Fake {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Starts one that does this about each request.
    pub fn start(act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, act) = (Arc::new(Mutex::new(Vec::new())), Arc::new(act));
        let noted = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (act, noted) = (Arc::clone(&act), Arc::clone(&noted));
                thread::spawn(move || serve(stream, &*act, &noted));
            }
        });
        Self { url, seen }
    }

    /// One that answers always the same.
    pub fn that(act: Act) -> Self {
        Self::start(move |_| act.clone())
    }

    /// A node with an empty table, which does this about what writes.
    pub fn node(act: Act) -> Self {
        Self::start(move |seen| if seen.writes() { act.clone() } else { native(seen) })
    }

    /// All requests until now.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// The nodes' addresses as one cluster's.
pub fn together(nodes: &[&Fake]) -> String {
    let hosts: Vec<&str> =
        nodes.iter().map(|node| node.url.strip_prefix("http://").unwrap()).collect();
    format!("http://{}", hosts.join(","))
}

fn serve(mut stream: TcpStream, act: &dyn Fn(&Seen) -> Act, noted: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(seen) = request(&mut reader) {
        let act = act(&seen);
        noted.lock().unwrap().push(seen);
        match act {
            Act::Say(bytes) => {
                if stream.write_all(bytes.as_bytes()).is_err() {
                    return;
                }
            }
            Act::SayAndHangUp(bytes) => {
                let _ = stream.write_all(bytes.as_bytes());
                return;
            }
            Act::HangUp => return,
            Act::Endless(head, rest) => {
                let mut written = stream.write_all(head.as_bytes());
                while written.is_ok() {
                    written = stream.write_all(rest.as_bytes());
                }
                return;
            }
            Act::Silence => {
                // Until the other side gives up.
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
                return;
            }
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Seen> {
    let mut seen = Seen::default();
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

//! Proxy that drops responses of a node.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Proxy of a node that can drop responses.
pub struct Proxy {
    address: SocketAddr,
    /// Text in the next request whose response is dropped.
    pattern: Arc<Mutex<Option<&'static str>>>,
}

impl Proxy {
    /// Starts a proxy of the node at this URL.
    pub fn new(node: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let pattern = Arc::new(Mutex::new(None));
        let next_dropped = Arc::clone(&pattern);
        let node = node.strip_prefix("http://").unwrap().to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever has gone does not wait for an answer.
                let _ = forward(&client, &node, &next_dropped);
            }
        });
        Self { address, pattern }
    }

    /// Drops the response to the next request that contains this text.
    pub fn drop_response(&self, pattern: &'static str) {
        *self.pattern.lock().unwrap() = Some(pattern);
    }

    /// The address of the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// True if the response has been dropped.
    pub fn has_dropped_response(&self) -> bool {
        self.pattern.lock().unwrap().is_none()
    }
}

/// Forwards one request, and its response.
fn forward(
    mut client: &TcpStream,
    node: &str,
    next_dropped: &Mutex<Option<&'static str>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(number) = lower.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line.replace("HTTP/1.1", "HTTP/1.0"));
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut server = TcpStream::connect(node)?;
    server.write_all(format!("{head}\r\n").as_bytes())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let mut next_dropped = next_dropped.lock().unwrap();
    if next_dropped.is_some_and(|pattern| String::from_utf8_lossy(&body).contains(pattern)) {
        *next_dropped = None;
        return Ok(());
    }
    client.write_all(&answer)
}

//! A proxy that loses answers of a node.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Stands before a node, and loses answers.
pub struct Proxy {
    address: SocketAddr,
    /// Text of the request whose response is lost next.
    marked: Arc<Mutex<Option<&'static str>>>,
}

impl Proxy {
    /// Before the node at this address.
    pub fn before(node: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let marked = Arc::new(Mutex::new(None));
        let losing = Arc::clone(&marked);
        let node = node.strip_prefix("http://").unwrap().to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever has gone does not wait for an answer.
                let _ = pass_on(&client, &node, &losing);
            }
        });
        Self { address, marked }
    }

    /// Loses the answer to the next request that has this in it.
    pub fn lose(&self, marked: &'static str) {
        *self.marked.lock().unwrap() = Some(marked);
    }

    /// The address of the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// True if the response has been lost by now.
    pub fn has_lost(&self) -> bool {
        self.marked.lock().unwrap().is_none()
    }
}

/// Passes one request on, and its answer back.
fn pass_on(
    mut client: &TcpStream,
    node: &str,
    losing: &Mutex<Option<&'static str>>,
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
    let mut losing = losing.lock().unwrap();
    if losing.is_some_and(|marked| String::from_utf8_lossy(&body).contains(marked)) {
        *losing = None;
        return Ok(());
    }
    client.write_all(&answer)
}

//! An HTTP server on the loopback device that records what it gets, in order.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines, with lower-case names.
    pub headers: Vec<String>,
    pub body: String,
}

impl Received {
    /// Value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.headers.iter().find_map(|line| line.strip_prefix(&start))
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status and a body.
    Status(u16, String),
    /// A status and the header `Location`.
    Redirect(u16, String),
    /// The connection is closed at once.
    Close,
    /// No answer, as long as the client waits.
    Silence,
    /// A success with a body that does not end.
    Endless,
    /// What is not HTTP.
    Noise,
}

impl Reply {
    pub fn ok() -> Self {
        Self::Status(200, "OK".to_owned())
    }
}

/// A server that ends with its value.
pub struct PingServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Received>>>,
    is_stopped: Arc<AtomicBool>,
}

impl PingServer {
    /// Starts a server that answers each request as `reply` says, from its number (from 0 on) and
    /// its content.
    pub fn new(reply: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            is_stopped: Arc::default(),
        };
        let (requests, is_stopped) = (server.requests.clone(), server.is_stopped.clone());
        let reply = Arc::new(reply);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (requests, reply) = (requests.clone(), reply.clone());
                thread::spawn(move || serve(stream.unwrap(), &requests, &*reply));
            }
        });
        server
    }

    /// Starts a server that answers all requests in the same way.
    pub fn always(reply: Reply) -> Self {
        Self::new(move |_, _| reply.clone())
    }

    /// URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    /// The methods and targets of all requests so far.
    pub fn targets(&self) -> Vec<String> {
        let shown = |request: &Received| format!("{} {}", request.method, request.target);
        self.requests().iter().map(shown).collect()
    }
}

impl Drop for PingServer {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Received>>,
    reply: &dyn Fn(usize, &Received) -> Reply,
) {
    let Some(request) = receive(&stream) else { return };
    let number = {
        let mut requests = requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    // A client that is gone is no failure of the server.
    let _ = match reply(number, &request) {
        Reply::Status(status, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Reply::Redirect(status, location) => write!(
            stream,
            "HTTP/1.1 {status} Status\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: \
             close\r\n\r\n"
        ),
        Reply::Close => Ok(()),
        Reply::Silence => stream.read(&mut [0]).map(drop),
        Reply::Endless => endless(&mut stream),
        Reply::Noise => write!(stream, "SSH-2.0-OpenSSH_9.2\r\n"),
    };
}

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[b'x'; 4096])?;
    }
}

fn receive(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push(format!("{}: {value}", name.to_ascii_lowercase()));
    }
    let mut request = Received { method, target, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    reader.take(length.unwrap_or(0)).read_to_string(&mut request.body).ok()?;
    Some(request)
}

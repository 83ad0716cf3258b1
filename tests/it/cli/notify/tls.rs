//! Pings with TLS, which a server of Python's answers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::support::{Finished, Sandbox};

/// Answers each request on `/down` with a redirect to http, and others with a success; prints
/// its port, and then each path.
const SERVER: &str = "
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['content-length']))
        print(self.path, flush=True)
        self.send_response(307 if self.path.startswith('/down') else 200)
        self.send_header('location', 'http://localhost:1/')
        self.send_header('content-length', '0')
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('server.pem', 'server.key')
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
class Quiet: handle_error = lambda *words: None
server.handle_error = lambda *words: None
print(server.server_address[1], flush=True)
server.serve_forever()
";

struct TlsServer {
    process: Child,
    port: String,
}

impl TlsServer {
    fn new(sandbox: &Sandbox) -> Self {
        let mut python = Command::new("python3");
        python.args(["-c", SERVER]).current_dir(sandbox.path("")).stdout(Stdio::piped());
        let mut process = python.spawn().unwrap();
        let mut port = String::new();
        BufReader::with_capacity(1, process.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().to_owned() }
    }

    /// Ends the server. Returns the paths of all requests.
    fn requests(mut self) -> String {
        self.process.kill().unwrap();
        let mut paths = String::new();
        self.process.stdout.as_mut().unwrap().read_to_string(&mut paths).unwrap();
        paths
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An authority, `ca.pem`, and the certificate of a server that it has signed.
fn certificates(sandbox: &Sandbox) {
    let new_key = "-newkey rsa:2048 -nodes -sha256";
    for command in [
        format!("req -x509 {new_key} -days 2 -subj /CN=ca -keyout ca.key -out ca.pem"),
        format!("req {new_key} -subj /CN=localhost -keyout server.key -out server.csr"),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile names -out server.pem"
            .to_owned(),
    ] {
        sandbox.file("names", "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n");
        let mut openssl = Command::new("openssl");
        openssl.args(command.split_whitespace()).current_dir(sandbox.path(""));
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

#[test]
#[ignore = "needs python3"]
fn neither_a_bad_certificate_nor_a_way_out_of_tls_is_accepted() {
    let sandbox = Sandbox::new();
    certificates(&sandbox);
    let server = TlsServer::new(&sandbox);
    let purge = |path: &str, authorities: Option<&str>| {
        let url = format!("https://localhost:{}{path}", server.port);
        sandbox.file("c.toml", format!("[notify]\nping = \"{url}\"\n"));
        let mut command = sandbox.command(["--config", "c.toml", "purge"]);
        if let Some(file) = authorities {
            command.env("SSL_CERT_FILE", file);
        }
        let purged = Finished(command.output().unwrap());
        purged.succeeds();
        purged.stderr()
    };
    // An authority that nobody trusts
    let untrusted = purge("/unknown", None);
    assert!(untrusted.contains("its certificate is not trusted"), "{untrusted}");
    // One that is trusted
    assert_eq!(purge("/known", Some("ca.pem")), "");
    // A redirect to http
    let redirected = purge("/down", Some("ca.pem"));
    assert!(redirected.contains("redirects from https to http"), "{redirected}");
    // Certificates that are none
    sandbox.file("broken.pem", "-----BEGIN CERTIFICATE-----\nbroken\n");
    for file in ["broken.pem", "missing.pem"] {
        let broken = purge("/broken", Some(file));
        assert!(broken.contains("SSL_CERT_FILE names"), "{broken}");
    }
    let requests = server.requests();
    assert!(requests.starts_with("/known/start\n/known\n/down"), "{requests}");
    assert!(!requests.contains("unknown") && !requests.contains("broken"), "{requests}");
}

//! HTTP exchange of a ping: few redirects, bounded in time, and little is read.

use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fmt, fs};

use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy, SendBody};

use super::url::{PingError, PingRequest, PingUrl};

const MAX_REDIRECTS: u32 = 3;
const MAX_ANSWER_BYTES: u64 = 1024;

/// Variable with a file of the trusted certificates, as OpenSSL has it.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// Sends pings. TLS is set up with the first request, because it is costly.
pub struct Client {
    uses_environment: bool,
    agent: OnceLock<Result<Agent, PingError>>,
}

impl Client {
    /// Creates a client. From the environment it takes the proxy and the trusted certificates.
    pub const fn new(uses_environment: bool) -> Self {
        Self { uses_environment, agent: OnceLock::new() }
    }

    fn agent(&self) -> Result<&Agent, PingError> {
        let agent = self.agent.get_or_init(|| {
            let proxy = if self.uses_environment { Proxy::try_from_env() } else { None };
            let certificates = env::var_os(CERTIFICATES).filter(|_| self.uses_environment);
            let roots = match certificates {
                Some(file) => RootCerts::new_with_certs(&certificates_in(Path::new(&file))?),
                None => RootCerts::WebPki,
            };
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(proxy)
                .user_agent(concat!("sessctl/", env!("CARGO_PKG_VERSION")))
                .tls_config(TlsConfig::builder().root_certs(roots).build());
            Ok(config.build().new_agent())
        });
        agent.as_ref().map_err(PingError::clone)
    }

    /// Makes a request, and follows redirects.
    ///
    /// # Errors
    /// Any answer but a success, or none before the deadline.
    pub fn send(&self, request: &PingRequest, deadline: Instant) -> Result<(), PingError> {
        let (mut url, mut body) = (request.url.clone(), request.body.as_deref());
        for _ in 0..=MAX_REDIRECTS {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(PingError::timed_out());
            }
            let authorization =
                request.url.authorization().filter(|_| url.has_origin_of(&request.url));
            let response = exchange(self.agent()?, &url, body, authorization, left)?;
            match response.status().as_u16() {
                200..=299 => return check_answer(response),
                status @ (301..=303 | 307 | 308) => {
                    url = redirected(&url, &response)?;
                    // As browsers do: the older codes turn a POST into a GET.
                    body = body.filter(|_| status >= 307);
                }
                status => return Err(from_status(status)),
            }
        }
        Err(PingError::permanent(format!("it redirects more than {MAX_REDIRECTS} times")))
    }
}

/// Certificates of a file in PEM format.
fn certificates_in(file: &Path) -> Result<Vec<Certificate<'static>>, PingError> {
    let unusable = |why: &dyn fmt::Display| {
        let file = file.display();
        PingError::permanent(format!("{CERTIFICATES} names \"{file}\", which is unusable: {why}"))
    };
    let text = fs::read(file).map_err(|error| unusable(&error))?;
    let items = parse_pem(&text).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(unusable(&error))),
    });
    items.collect()
}

fn exchange(
    agent: &Agent,
    url: &PingUrl,
    body: Option<&str>,
    authorization: Option<String>,
    left: Duration,
) -> Result<Response<Body>, PingError> {
    let sent = match body {
        None => {
            let mut get = agent.get(url.target());
            if let Some(authorization) = authorization {
                get = get.header("authorization", authorization);
            }
            get.config().timeout_global(Some(left)).build().call()
        }
        Some(body) => {
            let mut post = agent.post(url.target()).header("content-type", "application/json");
            post = post.header("content-length", body.len());
            if let Some(authorization) = authorization {
                post = post.header("authorization", authorization);
            }
            let mut bytes = body.as_bytes();
            let post = post.config().timeout_global(Some(left)).build();
            post.send(SendBody::from_reader(&mut bytes))
        }
    };
    sent.map_err(|error| from_ureq(&error))
}

fn redirected(url: &PingUrl, response: &Response<Body>) -> Result<PingUrl, PingError> {
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.resolve(location).ok());
    match next {
        None => Err(PingError::permanent("it redirects to no valid URL")),
        Some(next) if url.is_https() && !next.is_https() => {
            Err(PingError::permanent("it redirects from https to http, which is not followed"))
        }
        Some(next) => Ok(next),
    }
}

/// Reads the start of the answer: healthchecks.io answers with a success that it knows no
/// such check.
fn check_answer(mut response: Response<Body>) -> Result<(), PingError> {
    let mut text = Vec::new();
    // The request is done: an answer that breaks off changes nothing.
    let _ = response.body_mut().as_reader().take(MAX_ANSWER_BYTES).read_to_end(&mut text);
    if text.starts_with(b"OK (not found)") {
        return Err(PingError::permanent("the server knows no check of this URL"));
    }
    if text.starts_with(b"OK (rate limited)") {
        return Err(PingError::permanent("the server ignored the ping: there were too many"));
    }
    Ok(())
}

const UNRESOLVED: &str = "the name does not resolve";
const UNTRUSTED: &str = "no TLS connection: its certificate is not trusted, or it does not use TLS";

fn from_status(status: u16) -> PingError {
    PingError {
        why: format!("status {status}"),
        is_transient: matches!(status, 408 | 425 | 429 | 500..),
        is_not_found: matches!(status, 404 | 405 | 410),
    }
}

fn from_ureq(error: &ureq::Error) -> PingError {
    match error {
        ureq::Error::HostNotFound => PingError::transient(UNRESOLVED),
        ureq::Error::Timeout(_) => PingError::timed_out(),
        ureq::Error::Io(error) => from_io(error),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => PingError::permanent(UNTRUSTED),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            PingError::permanent("the server did not answer with HTTP")
        }
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            PingError::transient("the proxy of the environment cannot be used")
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            PingError::permanent("the URL is not valid")
        }
        // The library's own words may repeat the URL.
        _ => PingError::transient("the request failed"),
    }
}

fn from_io(error: &io::Error) -> PingError {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, InvalidData, NetworkUnreachable,
        TimedOut, WouldBlock,
    };
    match error.kind() {
        ConnectionRefused => PingError::transient("connection refused"),
        HostUnreachable | NetworkUnreachable | AddrNotAvailable => {
            PingError::transient("no route to host")
        }
        // Wrapped by the TLS library.
        InvalidData => PingError::permanent(UNTRUSTED),
        TimedOut | WouldBlock => PingError::timed_out(),
        // `std` has no kind for it.
        _ if error.to_string().starts_with("failed to lookup address") => {
            PingError::transient(UNRESOLVED)
        }
        _ => PingError::transient("the connection was lost"),
    }
}

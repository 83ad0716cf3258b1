//! URL of a ping, and its forms for the services that are known.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Part of the path by which Uptime Kuma is recognized.
const UPTIME_KUMA: &str = "/api/push/";
/// Maximum length of a message in a URL, in characters.
const MAX_MESSAGE_CHARS: usize = 200;
const KUMA_PARAMETERS: [&str; 3] = ["status", "msg", "ping"];

/// Report of a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingSignal {
    Start,
    Success,
    Failure,
}

/// Address of a ping. It is a secret: what is displayed is the scheme and the host.
#[derive(Clone, PartialEq, Eq)]
pub struct PingUrl {
    /// Scheme, in lower case.
    scheme: String,
    /// User and password, as written.
    user_info: Option<String>,
    /// Host, and port if there is one.
    host: String,
    path: String,
    query: Option<String>,
}

/// A request to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingRequest {
    pub url: PingUrl,
    /// JSON to be posted; `None`: a GET.
    pub body: Option<String>,
}

/// Reason why a request failed, without any part of the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingError {
    pub why: String,
    /// Set if another attempt may succeed.
    pub is_transient: bool,
    /// Set if the server has no such path.
    pub is_not_found: bool,
}

impl PingError {
    pub fn permanent(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_transient: false, is_not_found: false }
    }

    pub fn transient(why: impl Into<String>) -> Self {
        Self { is_transient: true, ..Self::permanent(why) }
    }

    pub fn timed_out() -> Self {
        Self::transient("no answer in time")
    }
}

impl PingUrl {
    /// Parses an absolute URL with `http` or `https`. A fragment is left out.
    ///
    /// # Errors
    /// A text that does not repeat any part of the URL.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it contains characters that have to be encoded as %XX");
        }
        let (scheme, rest) = text.split_once("://").ok_or("it must begin with https://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err("it must begin with https://");
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // A password with one of these would end the host, and be displayed in part.
        if rest.contains('@') && authority.contains([':', '@']) {
            return Err("an @ after the host, or / ? # in the password, has to be encoded as %XX");
        }
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info.to_owned()), host),
            None => (None, authority),
        };
        if !is_host(host) {
            return Err("it names no valid host");
        }
        let (path, query) = split_query(without_fragment(rest));
        let path = if path.is_empty() { "/" } else { path };
        let (host, path) = (host.to_owned(), path.to_owned());
        Ok(Self { scheme, user_info, host, path, query })
    }

    /// Resolves the target of a redirect, without user and password.
    ///
    /// # Errors
    /// Errors of [`parse`](Self::parse).
    pub fn resolve(&self, target: &str) -> Result<Self, &'static str> {
        let end = target.find(['/', '?', '#']).unwrap_or(target.len());
        if target[..end].ends_with(':') && target[end..].starts_with("//") {
            return Self::parse(target).map(|url| Self { user_info: None, ..url });
        }
        let Self { scheme, host, path, query, .. } = self;
        let base = format!("{scheme}://{host}");
        let target = without_fragment(target);
        let resolved = if let Some(rest) = target.strip_prefix("//") {
            format!("{scheme}://{rest}")
        } else if target.starts_with('/') {
            format!("{base}{target}")
        } else if target.starts_with('?') {
            format!("{base}{path}{target}")
        } else if target.is_empty() {
            let query = query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
            format!("{base}{path}{query}")
        } else {
            let directory = &path[..=path.rfind('/').unwrap_or(0)];
            format!("{base}{directory}{target}")
        };
        Self::parse(&resolved).map(|url| Self { user_info: None, ..url })
    }

    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Reports whether two URLs lead to the same server.
    pub fn has_origin_of(&self, other: &Self) -> bool {
        (&self.scheme, &self.host) == (&other.scheme, &other.host)
    }

    /// The URL without user and password, for the request.
    pub fn target(&self) -> String {
        let Self { scheme, host, path, query, .. } = self;
        match query {
            Some(query) => format!("{scheme}://{host}{path}?{query}"),
            None => format!("{scheme}://{host}{path}"),
        }
    }

    /// Value of the `Authorization` header.
    pub fn authorization(&self) -> Option<String> {
        let decoded = percent_decoded(self.user_info.as_ref()?);
        let separator: &[u8] = if decoded.contains(&b':') { b"" } else { b":" };
        Some(format!("Basic {}", STANDARD.encode([&decoded, separator].concat())))
    }

    fn is_uptime_kuma(&self) -> bool {
        self.path.contains(UPTIME_KUMA)
    }

    /// The request that reports a signal; `None`: the service has no such signal.
    ///
    /// 1. Uptime Kuma: a GET with `status`, `msg` and `ping` (milliseconds), which replace
    ///    parameters of these names; nothing for the start.
    /// 2. All others, as healthchecks.io: a POST of the result to the URL, with `/start` or
    ///    `/fail` before its query.
    pub fn request(
        &self,
        signal: PingSignal,
        result: &str,
        message: &str,
        milliseconds: u128,
    ) -> Option<PingRequest> {
        if self.is_uptime_kuma() {
            let status = match signal {
                PingSignal::Start => return None,
                PingSignal::Success => "up",
                PingSignal::Failure => "down",
            };
            let query = Some(self.kuma_query(status, message, milliseconds));
            return Some(PingRequest { url: Self { query, ..self.clone() }, body: None });
        }
        let suffix = match signal {
            PingSignal::Start => "/start",
            PingSignal::Success => "",
            PingSignal::Failure => "/fail",
        };
        let path = match suffix {
            "" => self.path.clone(),
            _ => format!("{}{suffix}", self.path.trim_end_matches('/')),
        };
        let url = Self { path, ..self.clone() };
        Some(PingRequest { url, body: Some(result.to_owned()) })
    }

    fn kuma_query(&self, status: &str, message: &str, milliseconds: u128) -> String {
        let is_own = |parameter: &&str| {
            let name = parameter.split_once('=').map_or(*parameter, |(name, _)| name);
            !parameter.is_empty() && !KUMA_PARAMETERS.contains(&name)
        };
        let kept = self.query.iter().flat_map(|query| query.split('&')).filter(is_own);
        let message: String = message.chars().take(MAX_MESSAGE_CHARS).collect();
        let message = percent_encoded(&message);
        let set =
            [format!("status={status}"), format!("msg={message}"), format!("ping={milliseconds}")];
        let parameters: Vec<String> = kept.map(str::to_owned).chain(set).collect();
        parameters.join("&")
    }
}

/// The scheme and the host.
impl fmt::Display for PingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

/// Displayed form.
impl fmt::Debug for PingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PingUrl({self})")
    }
}

/// Reports whether a text is a host, with or without a port. What is displayed as a host must not
/// be the beginning of a password that contains a slash.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (text, ""),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_address = |name: &str| name.bytes().all(|byte| is_plain(byte) || byte == b':');
    let is_name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => is_address(address),
        None => name.bytes().all(is_plain),
    };
    !name.is_empty() && is_name && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn without_fragment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

fn split_query(text: &str) -> (&str, Option<String>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (text, None),
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // A String takes whatever is written to it.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        let code = (byte == b'%')
            .then(|| rest.get(..2).and_then(|code| str::from_utf8(code).ok()))
            .flatten()
            .filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        decoded.push(code.unwrap_or(byte));
        bytes = if code.is_some() { &rest[2..] } else { rest };
    }
    decoded
}

//! URLs of nodes, and certificates in PEM format.

use ureq::http::Uri;
use ureq::tls::{PemItem, parse_pem};

const PORT: u16 = 4001;

pub(in crate::store) fn node_url(scheme: &str, name: &str) -> Result<String, String> {
    let name = name.trim();
    let host = match name.split_once("://") {
        None => name,
        Some((own, host)) if format!("{own}://").eq_ignore_ascii_case(scheme) => host,
        Some(_) => {
            return Err("all nodes of a cluster must have the same scheme".to_owned());
        }
    };
    // Anything but a number after the colon may be a password.
    let shown = match host.split_once(':') {
        Some((name, rest)) if !rest.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let wrong = || format!("invalid node {shown:?}: expected HOST:PORT");
    let uri: Uri = format!("{scheme}{host}").parse().map_err(|_| wrong())?;
    let named = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let behind = uri.authority().and_then(|all| all.as_str().strip_prefix(named));
    let port = match behind.ok_or_else(wrong)?.strip_prefix(':') {
        None => PORT,
        Some(port) => parse_port(port).ok_or_else(wrong)?,
    };
    if uri.path() != "/" || uri.query().is_some() {
        return Err(wrong());
    }
    Ok(format!("{}{named}:{port}", scheme.to_ascii_lowercase()))
}

/// Parses a port, without a sign.
fn parse_port(port: &str) -> Option<u16> {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| is_number && *port > 0)
}

/// Certificates of a PEM text in DER format; `None` if one is invalid.
pub(in crate::store) fn parse_certificates(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.ok()? {
            certificates.push(certificate.der().to_owned());
        }
    }
    Some(certificates)
}

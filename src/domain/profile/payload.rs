//! The user within the signed payload of Django's session backends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde_json::Value;

use crate::domain::time::{Span, UnixTime};

/// The most that a payload may unpack to: what a session holds is far less.
const MOST: usize = 1 << 20;

/// The id of the user in a payload: `BASE64:TIMESTAMP:SIGNATURE`, with a dot before it if
/// it is compressed. It holds JSON, which anybody can read without the key; the signature
/// is not looked at, since nothing is granted for it.
///
/// `None` if there is nobody in it, and if it is of another form: the application may use
/// a serializer of its own.
pub fn django_user(text: &str) -> Option<String> {
    let signed = text.split(':').next()?;
    let (is_packed, data) = match signed.strip_prefix('.') {
        Some(data) => (true, data),
        None => (false, signed),
    };
    let data = URL_SAFE_NO_PAD.decode(data).ok()?;
    let json = if is_packed { decompress_to_vec_zlib_with_limit(&data, MOST).ok()? } else { data };
    let session: Value = serde_json::from_slice(&json).ok()?;
    match session.get("_auth_user_id")? {
        Value::String(user) if !user.is_empty() => Some(user.clone()),
        Value::Number(user) => Some(user.to_string()),
        _ => None,
    }
}

/// How long a session of Django's lasts unless its settings say otherwise.
const AGE: Span = Span::days(14);
/// By how much the moment of the signature and that of the time may differ.
const JITTER: i64 = 2;
/// Wall clocks differ from UTC's by whole numbers of this, in seconds.
const QUARTER: i64 = 900;
/// And by no more than this.
const FARTHEST: i64 = 14 * 3600;

/// When Django signed a payload: what stands before the signature, in digits of base 62.
fn signed_at(text: &str) -> Option<UnixTime> {
    let (_, digits) = text.rsplit_once(':')?.0.rsplit_once(':')?;
    let add = |sum: i64, digit: u8| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        sum.checked_mul(62)?.checked_add(value.into())
    };
    digits.bytes().try_fold(0, add).filter(|_| !digits.is_empty()).map(UnixTime)
}

/// Whether the time at which a session of Django's is over, read as UTC, is rather that of
/// another wall clock; `None`: the payload does not tell.
///
/// 1. It is not, if it lasts for just two weeks, as Django's sessions do by default.
/// 2. It is, if it lasts for two weeks and as much as wall clocks differ from UTC's: whole
///    quarters of an hour, up to 14 hours, more or less.
pub fn is_django_local(text: &str, over: UnixTime) -> Option<bool> {
    let lasts = over.0.checked_sub(signed_at(text)?.0)?;
    let ahead = lasts - AGE.as_seconds();
    let rest = (ahead + JITTER).rem_euclid(QUARTER);
    match ahead.abs() {
        0..=JITTER => Some(false),
        ..=FARTHEST if rest <= 2 * JITTER => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Django 5.2 has written.
    const WRITTEN: &str = ".eJyrVkpOLCpRsjLQUYpPLC3JiC8tTi2Kz0xRslIyVEIRS0pMzk7NA0mkZCXmpefrJefnlRRlJumBlOhBZYv1fPNTUnOcoGqBBhSnFhdn5ufFp1YUZBZVKlkZmxkY1AIAigYphw:1xUaB8:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU";

    #[test]
    fn the_user_of_a_payload_is_found() {
        assert_eq!(django_user(WRITTEN).as_deref(), Some("1"));
        let plain = |json: &str| django_user(&format!("{}:t:s", URL_SAFE_NO_PAD.encode(json)));
        assert_eq!(plain(r#"{"_auth_user_id": "a2b0"}"#).as_deref(), Some("a2b0"));
        assert_eq!(plain(r#"{"_auth_user_id": 7}"#).as_deref(), Some("7"));
        assert_eq!(plain(r#"{"_auth_user_id": ""}"#), None);
        assert_eq!(plain(r#"{"_auth_user_id": null}"#), None);
        assert_eq!(plain(r#"{"cart": []}"#), None);
        assert_eq!(plain(r#"["_auth_user_id"]"#), None);
    }

    #[test]
    fn whatever_else_there_is_has_none() {
        for text in ["", ":", ".", "..", "a", "gASVAAAA:t:s", ".AAAA:t:s", "Zürich:t:s", "=:t:s"] {
            assert_eq!(django_user(text), None, "{text}");
        }
        for end in 0..80 {
            assert_eq!(django_user(&WRITTEN[..end]), None, "{end}");
        }
    }

    #[test]
    fn the_moment_of_the_signature_tells_which_clock_a_time_is_of() {
        let signed = UnixTime(1_750_000_000);
        // 1_750_000_000 in base 62.
        let text = format!("{}:1uQowS:s", URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(signed_at(&text), Some(signed));
        let day = 86_400;
        for (lasts, is_local) in [
            (14 * day, Some(false)),
            (14 * day - 1, Some(false)),
            (14 * day - 5 * 3600, Some(true)),
            (14 * day + 19_800 + 1, Some(true)),
            (14 * day + 100, None),
            (3_600, None),
            (0, None),
            (-3_600, None),
            (30 * day - 5 * 3600, None),
        ] {
            assert_eq!(is_django_local(&text, UnixTime(signed.0 + lasts)), is_local, "{lasts}");
        }
        for text in ["", ":", "a:b", "a:é:s", "a::s", "a:zzzzzzzzzzzzzz:s"] {
            assert_eq!(is_django_local(text, signed), None, "{text}");
        }
    }

    #[test]
    fn a_payload_that_unpacks_to_too_much_is_left_alone() {
        let packed = |length| {
            let json = format!("{{\"_auth_user_id\":\"1\",\"x\":\"{}\"}}", "x".repeat(length));
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(json.as_bytes(), 6);
            django_user(&format!(".{}:t:s", URL_SAFE_NO_PAD.encode(packed)))
        };
        assert_eq!(packed(1_000).as_deref(), Some("1"));
        assert_eq!(packed(MOST), None);
    }
}

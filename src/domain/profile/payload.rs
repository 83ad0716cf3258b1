//! The user within the signed payload of Django's session backends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde_json::Value;

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

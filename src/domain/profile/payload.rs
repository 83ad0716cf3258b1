//! The user within the signed payload of Django's session backends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde_json::Value;

use crate::domain::time::UnixTime;

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

/// By how much the moment of the signature and that of the time may differ, in seconds.
const JITTER: i64 = 2;
/// Usual times are whole numbers of this, in seconds, and so is what wall clocks differ
/// from UTC's by.
const FIVE_MINUTES: i64 = 300;
/// They differ by no more than this.
const FARTHEST: i64 = 14 * HOUR;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Fewer payloads say nothing.
const FEWEST: usize = 5;

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

/// How long a session of Django's lasts from the moment at which its payload was signed
/// to the time at which it is over, in seconds; `None`: the payload has no such moment.
pub fn django_lasts(text: &str, over: UnixTime) -> Option<i64> {
    over.0.checked_sub(signed_at(text)?.0)
}

/// Whether times that were read as UTC are rather those of another wall clock, by how
/// long sessions of Django's [last](django_lasts).
///
/// 1. Sessions last for a usual time: days, a part of a day such as 12, 8 or 6 hours, or
///    five minutes or a multiple of that up to an hour.
/// 2. By another clock they last for as much more or less as it differs from UTC's, up to
///    14 hours: a multiple of five minutes still. Some are over before they were signed.
/// 3. It is another clock, if more than half last so, and none for a usual time. Fewer
///    than five sessions say nothing.
pub fn is_django_local(lasts: &[i64]) -> bool {
    let count = |is: fn(i64) -> bool| lasts.iter().filter(|lasts| is(**lasts)).count();
    lasts.len() >= FEWEST && count(is_shifted) * 2 > lasts.len() && count(is_usual) == 0
}

fn is_usual(lasts: i64) -> bool {
    const PARTS: [i64; 7] = [1, 2, 3, 4, 6, 8, 12];
    let is_near = |rest: i64| rest <= 2 * JITTER;
    match lasts + JITTER {
        ..=0 => false,
        lasts if lasts < HOUR => is_near(lasts % FIVE_MINUTES),
        lasts if lasts < DAY => is_near(lasts % HOUR) && PARTS.contains(&(lasts / HOUR)),
        lasts => is_near(lasts % DAY),
    }
}

fn is_shifted(lasts: i64) -> bool {
    let rest = (lasts + JITTER).rem_euclid(FIVE_MINUTES);
    lasts >= -FARTHEST && lasts.abs() > JITTER && rest <= 2 * JITTER && !is_usual(lasts)
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
    fn the_moment_of_the_signature_is_read() {
        // 1_750_000_000 in base 62.
        let text = format!("{}:1uQowS:s", URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(django_lasts(&text, UnixTime(1_750_003_600)), Some(3_600));
        for text in ["", ":", "a:b", "a:é:s", "a::s", "a:zzzzzzzzzzzzzz:s"] {
            assert_eq!(django_lasts(text, UnixTime(0)), None, "{text}");
        }
    }

    #[test]
    fn how_long_sessions_last_tells_which_clock_their_times_are_of() {
        const HOURS: i64 = 3_600;
        for (age, usual) in
            [(14 * 24 * HOURS, true), (24 * HOURS, true), (HOURS, true), (1_200, true)]
        {
            assert_eq!(is_usual(age), usual, "{age}");
            for behind in [4, 5, 6, 7, 9] {
                let lasts = age - behind * HOURS - 1;
                assert!(is_django_local(&[lasts; 5]), "{age} {behind}");
                assert!(!is_django_local(&[lasts; 4]), "{age} {behind}");
                assert!(!is_django_local(&[lasts, lasts, lasts, lasts, age]), "{age} {behind}");
            }
            assert!(!is_django_local(&[age; 9]), "{age}");
        }
        // India is ahead by half an hour more than five.
        assert!(is_django_local(&[14 * 24 * HOURS + 5 * HOURS + 1_800; 5]));
        // Whatever an application has set, once or for some of them.
        assert!(!is_django_local(&[-400 * 24 * HOURS + 77, 5, 777, -777, 12_345]));
        assert!(!is_django_local(&[-HOURS, -HOURS, 5, 777, -777, 12_345]));
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

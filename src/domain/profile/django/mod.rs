//! The user within the signed payload of Django's session backends.

mod json;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::definition::Owner;
use json::{Member, Scan};

/// Maximum size of what a payload unpacks to. It is looked through as it is unpacked, so
/// that this bounds the time, and not the memory.
const MAX_UNPACKED: usize = 64 << 20;

/// Digits of base 64 that are read at once; four of them are three bytes.
const DIGITS: usize = 4 << 10;
const BYTES: usize = DIGITS / 4 * 3;

/// Bytes that are unpacked at once.
const UNPACKED: usize = 8 << 10;

/// Length of the signature in a payload from before Django 3.1: a SHA-1 in hexadecimal
/// digits.
const SIGNATURE_LENGTH: usize = 40;

/// Reads whose session a payload is, as Django would: the `_auth_user_id` in it.
///
/// 1. Django 3.1 and later write `BASE64:TIMESTAMP:SIGNATURE`, with a dot before it if it
///    is compressed; earlier versions write the base 64 of `SIGNATURE:JSON`.
/// 2. It holds what Python's `json` module reads, each byte being one character. Of
///    several members of the name, the last one counts.
/// 3. Text and whole numbers are users, `null` and empty text mean no user.
/// 4. What is of any other form cannot be read: the application may use a serializer of
///    its own.
///
/// The signature is not looked at, since nothing is granted for it.
pub fn django_user(payload: &[u8]) -> Owner {
    if payload.is_empty() {
        return Owner::Nobody;
    }
    match member(payload) {
        Some(Member::Missing | Member::Null) => Owner::Nobody,
        Some(Member::Text(user)) if user.is_empty() => Owner::Nobody,
        Some(Member::Text(user) | Member::Integer(user)) => Owner::User(user),
        Some(Member::Other) | None => Owner::Unreadable,
    }
}

fn member(payload: &[u8]) -> Option<Member> {
    let mut json = Scan::of("_auth_user_id");
    match signed(payload) {
        None => {
            let mut is_first = true;
            decode(&STANDARD, payload, |bytes| {
                let bytes =
                    if std::mem::take(&mut is_first) { after_signature(bytes)? } else { bytes };
                json.feed(bytes);
                Some(())
            })?;
        }
        Some([b'.', packed @ ..]) => {
            let mut inflater = Inflater::new();
            decode(&URL_SAFE_NO_PAD, packed, |bytes| inflater.feed(bytes, &mut json))?;
            inflater.finish()?;
        }
        Some(plain) => decode(&URL_SAFE_NO_PAD, plain, |bytes| {
            json.feed(bytes);
            Some(())
        })?,
    }
    json.finish()
}

/// Signed part of a payload of Django 3.1 or later.
fn signed(payload: &[u8]) -> Option<&[u8]> {
    let mut parts = payload.rsplitn(3, |byte| *byte == b':');
    parts.nth(2)
}

/// Signed part of a payload of an earlier version.
fn after_signature(bytes: &[u8]) -> Option<&[u8]> {
    let (signature, rest) = bytes.split_at_checked(SIGNATURE_LENGTH)?;
    let is_signature = signature.iter().all(u8::is_ascii_hexdigit);
    rest.strip_prefix(b":").filter(|_| is_signature)
}

/// Decodes base 64, some digits at a time.
fn decode(
    base64: &GeneralPurpose,
    digits: &[u8],
    mut feed: impl FnMut(&[u8]) -> Option<()>,
) -> Option<()> {
    let mut bytes = [0; BYTES];
    for digits in digits.chunks(DIGITS) {
        let length = base64.decode_slice(digits, &mut bytes).ok()?;
        feed(&bytes[..length])?;
    }
    Some(())
}

/// A payload that is unpacked as it arrives.
struct Inflater {
    state: Box<InflateState>,
    length: usize,
    is_done: bool,
}

impl Inflater {
    fn new() -> Self {
        Self { state: InflateState::new_boxed(DataFormat::Zlib), length: 0, is_done: false }
    }

    /// Unpacks what has arrived; `None`: it cannot be unpacked, or is too large.
    fn feed(&mut self, mut packed: &[u8], json: &mut Scan) -> Option<()> {
        let mut unpacked = [0; UNPACKED];
        while !self.is_done {
            let step = inflate(&mut self.state, packed, &mut unpacked, MZFlush::None);
            packed = &packed[step.bytes_consumed..];
            self.length += step.bytes_written;
            if self.length > MAX_UNPACKED {
                return None;
            }
            json.feed(&unpacked[..step.bytes_written]);
            match step.status {
                Ok(MZStatus::StreamEnd) => self.is_done = true,
                // More output may be pending.
                Ok(_) if step.bytes_written == UNPACKED || !packed.is_empty() => {}
                Ok(_) | Err(miniz_oxide::MZError::Buf) => break,
                Err(_) => return None,
            }
        }
        Some(())
    }

    /// Checks that the stream is complete.
    fn finish(self) -> Option<()> {
        self.is_done.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payload written by Django 5.2.
    const WRITTEN: &str = ".eJyrVkpOLCpRsjLQUYpPLC3JiC8tTi2Kz0xRslIyVEIRS0pMzk7NA0mkZCXmpefrJefnlRRlJumBlOhBZYv1fPNTUnOcoGqBBhSnFhdn5ufFp1YUZBZVKlkZmxkY1AIAigYphw:1xUaB8:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU";

    fn user(name: &str) -> Owner {
        Owner::User(name.to_owned())
    }

    /// Owner in this JSON, checked in each form of a payload.
    #[track_caller]
    fn read(json: impl AsRef<[u8]>) -> Owner {
        let json = json.as_ref();
        let owner = django_user(format!("{}:t:s", URL_SAFE_NO_PAD.encode(json)).as_bytes());
        assert_eq!(django_user(packed(json).as_bytes()), owner);
        let legacy = [&[b'a'; SIGNATURE_LENGTH], &b":"[..], json].concat();
        assert_eq!(django_user(STANDARD.encode(legacy).as_bytes()), owner);
        owner
    }

    fn packed(json: &[u8]) -> String {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(json, 6);
        format!(".{}:t:s", URL_SAFE_NO_PAD.encode(packed))
    }

    #[test]
    fn the_user_of_a_payload_is_found() {
        assert_eq!(django_user(WRITTEN.as_bytes()), user("1"));
        assert_eq!(read(r#"{"_auth_user_id": "a2b0"}"#), user("a2b0"));
        assert_eq!(read(r#"{"_auth_user_id": 7}"#), user("7"));
        assert_eq!(read(r#"{"_auth_user_id":-0}"#), user("0"));
        assert_eq!(read(r#"{"\u005fauth_user_id":"\ud83d\ude00\ud800"}"#), user("😀\u{fffd}"));
        assert_eq!(read(b"{\"_auth_user_id\":\"\xe9\"}"), user("é"));
        let long = "9".repeat(4_000);
        assert_eq!(read(format!("{{\"_auth_user_id\":{long}}}")), user(&long));
        // The last one counts.
        assert_eq!(read(r#"{"_auth_user_id":"1","_auth_user_id":"2"}"#), user("2"));
        for nobody in [
            r#"{"_auth_user_id": ""}"#,
            r#"{"_auth_user_id": null}"#,
            r#"{"_auth_user_id":"1","_auth_user_id":null}"#,
            r#"{"cart": {"_auth_user_id":"1"}}"#,
            r#"["_auth_user_id"]"#,
            "{}",
            " 7 ",
        ] {
            assert_eq!(read(nobody), Owner::Nobody, "{nobody}");
        }
    }

    #[test]
    fn what_python_reads_besides_does_not_hide_the_user() {
        let (deep, shut) = ("[".repeat(90_000), "]".repeat(90_000));
        let large = format!("\"{}\"", "x".repeat(3 << 20));
        for odd in [
            "NaN",
            "Infinity",
            "-Infinity",
            r#""\ud800""#,
            r#""\udc00\ud83d\ude00\"""#,
            "1e999",
            "-0.0e-0",
            "[{},[],[1 ,\t2\r\n]]",
            "\"\u{7f}\"",
            &"8".repeat(5_000),
            &format!("{deep}{shut}"),
            &large,
        ] {
            for json in [
                format!("{{\"a\":{odd},\"_auth_user_id\":\"3\"}}"),
                format!("{{\"_auth_user_id\":\"3\" , \"a\" : {odd} }}"),
            ] {
                assert_eq!(read(&json), user("3"), "{}", &json[..json.len().min(99)]);
            }
        }
    }

    #[test]
    fn what_python_does_not_read_is_unreadable() {
        let deep = "[".repeat((1 << 20) + 1);
        for json in [
            "",
            "{",
            r#"{"_auth_user_id":"1""#,
            r#"{"_auth_user_id":"1"}}"#,
            r#"{"_auth_user_id":"1",}"#,
            r#"{"_auth_user_id":"1" "a":1}"#,
            r#"{"_auth_user_id":01}"#,
            r#"{"_auth_user_id":1.}"#,
            r#"{"_auth_user_id":+1}"#,
            r#"{"_auth_user_id":-}"#,
            r#"{"_auth_user_id":"1","a":nul}"#,
            r#"{"_auth_user_id":"1","a":-NaN}"#,
            r#"{"_auth_user_id":"1","a":"\u12g4"}"#,
            r#"{"_auth_user_id":"1","a":"\x"}"#,
            r#"{"_auth_user_id":"1","a":[1,]}"#,
            r#"{"_auth_user_id":"1","a":[}]}"#,
            r#"{"_auth_user_id":"1","a":'b'}"#,
            r#"{"_auth_user_id":"1",a:1}"#,
            "{\"_auth_user_id\":\"1\",\"a\":\"\n\"}",
            "\u{feff}{\"_auth_user_id\":\"1\"}",
            // Only the application knows the users of these.
            r#"{"_auth_user_id":true}"#,
            r#"{"_auth_user_id":1.5}"#,
            r#"{"_auth_user_id":NaN}"#,
            r#"{"_auth_user_id":-Infinity}"#,
            r#"{"_auth_user_id":[]}"#,
            r#"{"_auth_user_id":"1","_auth_user_id":{}}"#,
            &format!("{{\"_auth_user_id\":\"{}\"}}", "1".repeat(70_000)),
            &deep,
        ] {
            assert_eq!(read(json), Owner::Unreadable, "{}", &json[..json.len().min(99)]);
        }
        // Output of pickle.
        assert_eq!(read(b"\x80\x04}\x94\x8c\r_auth_user_id\x94K\x01s."), Owner::Unreadable);
    }

    #[test]
    fn what_is_no_payload_is_unreadable() {
        assert_eq!(django_user(b""), Owner::Nobody);
        for text in
            [":", ".", "..", "a", "e30:s", "gASVAAAA:t:s", ".AAAA:t:s", "Zürich:t:s", "=:t:s"]
        {
            assert_eq!(django_user(text.as_bytes()), Owner::Unreadable, "{text}");
        }
        for end in 1..WRITTEN.len() - 50 {
            assert_eq!(django_user(&WRITTEN.as_bytes()[..end]), Owner::Unreadable, "{end}");
        }
        let unsigned = STANDARD.encode(r#"{"_auth_user_id":"1"}"#);
        assert_eq!(django_user(unsigned.as_bytes()), Owner::Unreadable);
    }

    #[test]
    fn a_payload_that_unpacks_to_too_much_is_unreadable() {
        let json = format!("{{\"_auth_user_id\":\"1\",\"x\":\"{}\"}}", "x".repeat(MAX_UNPACKED));
        assert_eq!(django_user(packed(json.as_bytes()).as_bytes()), Owner::Unreadable);
    }

    #[test]
    fn a_payload_may_arrive_in_any_parts() {
        let json =
            r#"{"a":["\ud83d\ude00",-1.5e-3,NaN,{"_auth_user_id":1}],"_auth_user_id":"\u00e93"}"#;
        for at in 0..json.len() {
            let mut scan = Scan::of("_auth_user_id");
            let (one, other) = json.as_bytes().split_at(at);
            scan.feed(one);
            scan.feed(other);
            assert_eq!(scan.finish(), Some(Member::Text("é3".to_owned())), "{at}");
        }
    }
}

//! The user within the signed payload of Django's session backends.

pub mod json;

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE_NO_PAD};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::definition::SessionUser;
use json::{Member, Scan};

/// Maximum size of what a payload unpacks to. It is looked through as it is unpacked, so
/// that this bounds the time, and not the memory.
pub const MAX_UNPACKED: usize = 64 << 20;

/// Digits of base 64 that are read at once; four of them are three bytes.
const DIGITS: usize = 4 << 10;
const BYTES: usize = DIGITS / 4 * 3;

/// Bytes that are unpacked at once.
const UNPACKED: usize = 8 << 10;

/// Length of the signature in a payload from before Django 3.1: a SHA-1 in hexadecimal digits.
pub const SIGNATURE_LENGTH: usize = 40;

/// Reads whose session a payload is, as Django would: the `_auth_user_id` in it.
///
/// 1. Django 3.1 and later write `BASE64:TIMESTAMP:SIGNATURE`, with a dot before it if it
///    is compressed; earlier versions write the base 64 of `SIGNATURE:JSON`.
/// 2. It holds what Python's `json` module reads, each byte being one character. Of
///    several members of the name, the last one counts.
/// 3. Text and whole numbers are users, `null` and empty text mean no user.
/// 4. What is of any other form cannot be read: the application may use a serializer of its own.
///
/// The signature is not looked at, since nothing is granted for it.
pub fn django_user(payload: &[u8]) -> SessionUser {
    if payload.is_empty() {
        return SessionUser::Nobody;
    }
    match member(payload) {
        Some(Member::Missing | Member::Null) => SessionUser::Nobody,
        Some(Member::Text(user)) if user.is_empty() => SessionUser::Nobody,
        Some(Member::Text(user) | Member::Integer(user)) => SessionUser::User(user),
        Some(Member::Other) | None => SessionUser::Unreadable,
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

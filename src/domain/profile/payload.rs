//! The signed payload of Django's session backends: the user within it, and when it was
//! signed.

mod json;
mod reading;

use crate::domain::time::UnixTime;

pub use reading::django_user;

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
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

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
}

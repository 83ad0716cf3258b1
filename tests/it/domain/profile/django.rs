//! Tests of `domain::profile::django`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sessctl::domain::profile::django::json::{Member, Scan};
use sessctl::domain::profile::django::{MAX_UNPACKED, SIGNATURE_LENGTH};
use sessctl::domain::profile::{SessionUser, django_user};

/// Payload written by Django 5.2.
const WRITTEN: &str = ".eJyrVkpOLCpRsjLQUYpPLC3JiC8tTi2Kz0xRslIyVEIRS0pMzk7NA0mkZCXmpefrJefnlRRlJumBlOhBZYv1fPNTUnOcoGqBBhSnFhdn5ufFp1YUZBZVKlkZmxkY1AIAigYphw:1xUaB8:YzDFU2NrytPoy9-vUDJ4xJatL2uN4OoEecwbzYi6tbU";

fn user(name: &str) -> SessionUser {
    SessionUser::User(name.to_owned())
}

/// Owner in this JSON, checked in each form of a payload.
#[track_caller]
fn read(json: impl AsRef<[u8]>) -> SessionUser {
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
        assert_eq!(read(nobody), SessionUser::Nobody, "{nobody}");
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
        assert_eq!(read(json), SessionUser::Unreadable, "{}", &json[..json.len().min(99)]);
    }
    // Output of pickle.
    assert_eq!(read(b"\x80\x04}\x94\x8c\r_auth_user_id\x94K\x01s."), SessionUser::Unreadable);
}

#[test]
fn what_is_no_payload_is_unreadable() {
    assert_eq!(django_user(b""), SessionUser::Nobody);
    for text in [":", ".", "..", "a", "e30:s", "gASVAAAA:t:s", ".AAAA:t:s", "Zürich:t:s", "=:t:s"]
    {
        assert_eq!(django_user(text.as_bytes()), SessionUser::Unreadable, "{text}");
    }
    for end in 1..WRITTEN.len() - 50 {
        assert_eq!(django_user(&WRITTEN.as_bytes()[..end]), SessionUser::Unreadable, "{end}");
    }
    let unsigned = STANDARD.encode(r#"{"_auth_user_id":"1"}"#);
    assert_eq!(django_user(unsigned.as_bytes()), SessionUser::Unreadable);
}

#[test]
fn a_payload_that_unpacks_to_too_much_is_unreadable() {
    let json = format!("{{\"_auth_user_id\":\"1\",\"x\":\"{}\"}}", "x".repeat(MAX_UNPACKED));
    assert_eq!(django_user(packed(json.as_bytes()).as_bytes()), SessionUser::Unreadable);
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

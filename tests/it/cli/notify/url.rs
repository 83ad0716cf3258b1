//! URLs of pings.

use proptest::prelude::*;
use sessctl::cli::notify::url::{PingSignal, PingUrl};

const SIGNALS: [PingSignal; 3] = [PingSignal::Start, PingSignal::Success, PingSignal::Failure];

/// The requests for a start, a success and a failure.
fn requests(url: &str) -> [String; 3] {
    let url = PingUrl::parse(url).unwrap();
    SIGNALS.map(|signal| match url.request(signal, "{}", "shop, purge: done & well", 1234) {
        None => "none".to_owned(),
        Some(request) => {
            let method = if request.body.is_some() { "POST" } else { "GET" };
            format!("{method} {}", request.url.target())
        }
    })
}

#[test]
fn healthchecks_appends_the_signal_to_the_path() {
    for (url, [start, success, failure]) in [
        (
            "https://hc-ping.com/0b5",
            [
                "https://hc-ping.com/0b5/start",
                "https://hc-ping.com/0b5",
                "https://hc-ping.com/0b5/fail",
            ],
        ),
        (
            "https://hc-ping.com/key/shop?create=1&rid=7#top",
            [
                "https://hc-ping.com/key/shop/start?create=1&rid=7",
                "https://hc-ping.com/key/shop?create=1&rid=7",
                "https://hc-ping.com/key/shop/fail?create=1&rid=7",
            ],
        ),
        (
            "HTTP://mail1:8000/ping/0b5/",
            [
                "http://mail1:8000/ping/0b5/start",
                "http://mail1:8000/ping/0b5/",
                "http://mail1:8000/ping/0b5/fail",
            ],
        ),
        ("http://mail1?a", ["http://mail1/start?a", "http://mail1/?a", "http://mail1/fail?a"]),
    ] {
        assert_eq!(requests(url), [start, success, failure].map(|url| format!("POST {url}")));
    }
}

#[test]
fn uptime_kuma_gets_status_message_and_milliseconds() {
    let expected = |kept: &str| {
        let url = format!("GET https://kuma.example/api/push/TOKEN?{kept}status=");
        let rest = "&msg=shop%2C%20purge%3A%20done%20%26%20well&ping=1234";
        ["none".to_owned(), format!("{url}up{rest}"), format!("{url}down{rest}")]
    };
    let url = "https://kuma.example/api/push/TOKEN";
    assert_eq!(requests(url), expected(""));
    assert_eq!(requests(&format!("{url}?status=up&msg=OK&ping=")), expected(""));
    assert_eq!(requests(&format!("{url}?msg=OK&via=cron&status=down&")), expected("via=cron&"));
}

#[test]
fn a_message_in_a_url_is_short() {
    let url = PingUrl::parse("https://kuma.example/api/push/TOKEN").unwrap();
    let request = url.request(PingSignal::Failure, "{}", &"ä".repeat(100_000), 0).unwrap();
    assert!(request.url.target().len() < 2000);
}

#[test]
fn a_url_is_displayed_without_secrets() {
    let url = PingUrl::parse("https://user:secret@hc-ping.com:8443/0b5?key=secret").unwrap();
    assert_eq!(url.to_string(), "https://hc-ping.com:8443");
    assert_eq!(format!("{url:?}"), "PingUrl(https://hc-ping.com:8443)");
    assert_eq!(url.target(), "https://hc-ping.com:8443/0b5?key=secret");
    assert_eq!(url.authorization().unwrap(), "Basic dXNlcjpzZWNyZXQ=");
    let encoded = PingUrl::parse("https://us%65r:s%3aecret%@host/").unwrap();
    assert_eq!(encoded.authorization().unwrap(), "Basic dXNlcjpzOmVjcmV0JQ==");
    assert_eq!(PingUrl::parse("https://host/a@b").unwrap().authorization(), None);
}

#[test]
fn what_is_no_url_is_refused_without_being_repeated() {
    for text in [
        "",
        "hc-ping.com/secret",
        "ftp://host/secret",
        "https://",
        "https:///secret",
        "https://:80/secret",
        "https://user:secret@/",
        "https://host/sec ret",
        "https://host/secret\n",
        "https://höst/secret",
        "https://user:sec/ret@host/",
    ] {
        let why = PingUrl::parse(text).unwrap_err();
        assert!(!why.contains("secret"), "{text}: {why}");
    }
}

#[test]
fn a_redirect_leads_where_a_browser_would_go() {
    let base = PingUrl::parse("https://user:secret@host:8443/a/b?c").unwrap();
    for (target, expected) in [
        ("https://other/x?y#z", "https://other/x?y"),
        ("HTTP://other", "http://other/"),
        ("//other/x", "https://other/x"),
        ("/x?y", "https://host:8443/x?y"),
        ("x", "https://host:8443/a/x"),
        ("?y", "https://host:8443/a/b?y"),
        ("", "https://host:8443/a/b?c"),
        ("#z", "https://host:8443/a/b?c"),
        ("/to?url=http://other/", "https://host:8443/to?url=http://other/"),
    ] {
        let resolved = base.resolve(target).unwrap();
        assert_eq!(resolved.target(), expected, "{target}");
        assert_eq!(resolved.authorization(), None);
    }
    assert_eq!(
        PingUrl::parse("http://[::1]:8000/a").unwrap().resolve("b").unwrap().target(),
        "http://[::1]:8000/b"
    );
    assert!(base.resolve("ftp://other/").is_err());
    assert!(base.resolve("//").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Neither the display nor an error contains anything of the path, the query or the password.
    #[test]
    fn no_text_reveals_a_secret(before in "[ -~]{0,12}", after in "[ -~]{0,12}") {
        for url in [
            format!("https://u:q{before}Secret{after}@host.example/x"),
            format!("https://host.example/{before}Secret{after}"),
            format!("https://host.example/?{before}Secret{after}"),
        ] {
            match PingUrl::parse(&url) {
                Ok(url) => {
                    let shown = format!("{url} {url:?}");
                    prop_assert!(!shown.contains("Secret"), "{}", shown);
                }
                Err(why) => prop_assert!(!why.contains("Secret")),
            }
        }
    }
}

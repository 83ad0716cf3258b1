//! Tests of `cli::privileges::helper`.

use sessctl::cli::privileges::helper::Args;
use sessctl::cli::privileges::message::{receive, send};

#[test]
fn what_was_sent_is_received_and_a_broken_request_is_not_served() {
    let mut pipe = Vec::new();
    send(&mut pipe, "metrics", b"a\n1\n").unwrap();
    send(&mut pipe, "config", b"").unwrap();
    let mut whole = pipe.as_slice();
    assert_eq!(receive(&mut whole).unwrap(), Some(("metrics".into(), b"a\n1\n".to_vec())));
    assert_eq!(receive(&mut whole).unwrap(), Some(("config".into(), Vec::new())));
    assert_eq!(receive(&mut whole).unwrap(), None);
    for length in 0.."metrics 4\na\n1\n".len() {
        assert_eq!(receive(&mut &pipe[..length]).unwrap(), None, "{length}");
    }
}

#[test]
fn a_request_that_is_too_large_is_an_error() {
    for head in ["metrics 99999999999\n", "metrics\n", "metrics -1\n"] {
        assert!(receive(&mut head.as_bytes()).is_err(), "{head}");
    }
}

#[test]
fn a_helper_serves_only_the_files_that_root_named() {
    for (request, files) in [("metrics", Args::default()), ("config", Args::default())] {
        let refused = files.serve(request, b"x").unwrap_err();
        assert_eq!(refused.to_string(), format!("unexpected request {request:?}"));
    }
}

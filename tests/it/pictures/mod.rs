//! The pictures of the README: made from the demo, and compared with those in docs/images.

#[cfg(feature = "top")]
mod screen;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::fake_clock::with_clock;
use crate::support::{Finished, Sandbox};

/// Size of the picture of the page in pixels, and its largest size in bytes.
const SIZE: [u32; 2] = [1_280, 720];
const MAX_BYTES: usize = 120_000;
/// A Tuesday, five minutes before the pictures are taken. The clock stands still: no text becomes
/// longer where a command takes longer.
const DEMO: &str = "2026-06-16 14:00:00";
const LATER: &str = "2026-06-16 14:05:00";

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images").join(name)
}

/// Reports whether the pictures in docs/images are replaced.
fn is_update() -> bool {
    std::env::var_os("SESSCTL_TEST_PICTURES").is_some()
}

fn at(time: &str, sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args.iter().copied());
    command.envs([("TZ", "UTC"), ("SESSCTL_HOST", "web1"), ("SESSCTL_DB", "sessctl-demo.db")]);
    // The time since the machine was started would be negative.
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    with_clock(time, &command)
}

fn demo() -> Sandbox {
    let sandbox = Sandbox::without_database();
    Finished(at(DEMO, &sandbox, &["demo"]).output().unwrap()).succeeds();
    sandbox
}

/// The words of a text, without those that contain numbers or are cut, which differ from run to run.
fn words(text: &str) -> Vec<&str> {
    let mut whole = Vec::new();
    let mut parts = text.split('…').peekable();
    while let Some(part) = parts.next() {
        let is_cut = parts.peek().is_some();
        let end = if is_cut { part.trim_end_matches(char::is_alphanumeric) } else { part };
        whole.extend(end.split(|letter: char| !letter.is_alphanumeric()));
    }
    whole.retain(|word| word.len() > 2 && word.chars().all(char::is_alphabetic));
    whole
}

/// Hash of some words (FNV-1a).
fn hash(words: &[&str]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}\n", words.join(" ").as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[test]
#[ignore = "needs chromium"]
fn the_picture_of_the_page_is_that_of_the_demo() {
    let sandbox = demo();
    let page = Finished(at(LATER, &sandbox, &["report"]).output().unwrap()).succeeds().stdout();
    let file = sandbox.file("report.html", &page);
    let picture = sandbox.path("report.png");
    let [width, height] = SIZE;
    let taken = Command::new("timeout")
        .args(["--kill-after=5", "120", "chromium", "--headless=new", "--no-sandbox"])
        .args(["--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .arg(format!("--user-data-dir={}", sandbox.path("profile").display()))
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", file.display()))
        .env("HOME", sandbox.path(""))
        .output()
        .unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    // What follows says which run was the slowest, and the demo may be slow here.
    let shown = page.split("<h2").take(3).collect::<String>();
    let source = hash(&words(&shown));
    if is_update() {
        std::fs::copy(&picture, kept("report.png")).unwrap();
        std::fs::write(kept("report.png.source"), &source).unwrap();
    }
    for picture in [picture, kept("report.png")] {
        let png = std::fs::read(picture).unwrap();
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!([number(16), number(20)], SIZE);
        assert!(png.len() < MAX_BYTES, "{}", png.len());
    }
    let known = std::fs::read_to_string(kept("report.png.source")).unwrap();
    assert_eq!(known, source, "the page has changed: set SESSCTL_TEST_PICTURES");
}

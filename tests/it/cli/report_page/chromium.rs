//! The page in a browser.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use miniz_oxide::inflate::decompress_to_vec_zlib;
use sessctl::cli::report_page::form::Form;

use super::databases::{host, page_of_all};
use super::hostile::hostile;
use super::sandbox::{report, with_history};
use crate::support::Sandbox;

const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
                      &#39;none&#39;; style-src &#39;unsafe-inline&#39;\">";

/// Runs the browser on a file, for a minute at most, with a profile of its own.
fn chromium(sandbox: &Sandbox, page: &Path, options: &[&str]) -> String {
    let profile = tempfile::tempdir_in(sandbox.path("")).unwrap();
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=5", "60", "chromium", "--headless=new", "--no-sandbox"])
        .args(["--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .env("HOME", sandbox.path(""));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Pixels of a picture, each line behind a byte that says how it is coded.
fn pixels(picture: &Path) -> Vec<u8> {
    let png = std::fs::read(picture).unwrap();
    let (mut rest, mut data) = (&png[8..], Vec::new());
    while rest.len() >= 12 {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &rest[4..8] == b"IDAT" {
            data.extend(&rest[8..8 + length]);
        }
        rest = &rest[12 + length..];
    }
    decompress_to_vec_zlib(&data).unwrap()
}

fn screenshot(sandbox: &Sandbox, page: &Path, width: usize, scheme: usize) -> Vec<u8> {
    let picture = sandbox.path("picture.png");
    let options = [
        format!("--window-size={width},3000"),
        format!("--blink-settings=preferredColorScheme={scheme}"),
        format!("--screenshot={}", picture.display()),
    ];
    chromium(sandbox, page, &options.each_ref().map(String::as_str));
    pixels(&picture)
}

#[test]
#[ignore = "needs chromium"]
fn the_page_is_drawn_in_light_and_dark() {
    let sandbox = with_history(20);
    let page = sandbox.file("page.html", report(&sandbox, Form::Html));
    for width in [1280, 400] {
        for (scheme, background) in [(0, [0x14, 0x18, 0x1d]), (1, [0xff, 0xff, 0xff])] {
            let pixels = screenshot(&sandbox, &page, width, scheme);
            assert_eq!(pixels[1..4], background, "{width} pixels, scheme {scheme}");
            let colors = pixels.chunks(3).collect::<std::collections::BTreeSet<_>>();
            assert!(colors.len() > 200, "{width} pixels: {} colors", colors.len());
        }
    }
}

/// Copy of a page that runs a script.
fn scripted(sandbox: &Sandbox, page: &str, script: &str) -> PathBuf {
    assert!(page.contains(POLICY));
    let copy =
        page.replace(POLICY, "").replace("</body>", &format!("<script>{script}</script></body>"));
    sandbox.file("copy.html", copy)
}

/// Ids or texts of elements that reach beyond the page, except within tables, which scroll.
const OVERFLOWING: &str = "
    const width = document.documentElement.clientWidth;
    const beyond = [...document.querySelectorAll('body *')].filter(element =>
        !element.closest('.table') && element.getBoundingClientRect().right > width + 0.5);
    document.title = 'measured ' + width + ' '
        + document.documentElement.scrollWidth + ' ' + beyond.length + ' '
        + beyond.slice(0, 3).map(element => element.outerHTML.slice(0, 80)).join();";

#[test]
#[ignore = "needs chromium"]
fn nothing_reaches_beyond_a_narrow_page() {
    let (large, hostile, host) = (with_history(20), hostile(), host());
    let pages = [
        (&large, report(&large, Form::Html)),
        (&hostile, report(&hostile, Form::Html)),
        (&host, page_of_all(&host)),
    ];
    for (sandbox, page) in &pages {
        scripted(sandbox, page, OVERFLOWING);
        for width in [320, 400, 1280] {
            let frame = format!(
                "<!DOCTYPE html><title>frame</title><body><iframe id=f width={width} height=900 \
                 src=copy.html></iframe><script>onload = () => {{ document.title = \
                 f.contentDocument.title }}</script>"
            );
            let frame = sandbox.file("frame.html", frame);
            let dom = chromium(
                sandbox,
                &frame,
                &["--allow-file-access-from-files", "--virtual-time-budget=2000", "--dump-dom"],
            );
            let title = dom.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
            let expected = format!("measured {width} {width} 0 ");
            assert_eq!(title.trim_end(), expected.trim_end(), "{width} pixels");
        }
    }
}

/// First lines of the requests that a browser sends for a page.
fn requests(sandbox: &Sandbox, page: &Path) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("--proxy-server=http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let options = [proxy.as_str(), "--proxy-bypass-list=<-loopback>", "--dump-dom"];
    chromium(sandbox, page, &options);
    receiver.try_iter().filter(|line| line.contains("sessctl-test.invalid")).collect()
}

#[test]
#[ignore = "needs chromium"]
fn no_request_leaves_the_page() {
    let sandbox = hostile();
    let text = report(&sandbox, Form::Html);
    let page = sandbox.file("page.html", &text);
    assert_eq!(requests(&sandbox, &page), Vec::<String>::new());
    // The proxy would see a request of a page without the policy.
    let open = "new Image().src = 'http://sessctl-test.invalid/seen'";
    assert!(!requests(&sandbox, &scripted(&sandbox, &text, open)).is_empty());
    // The policy alone would prevent it, too.
    let guarded = text.replace("</body>", "<img src=http://sessctl-test.invalid/kept></body>");
    let guarded = sandbox.file("guarded.html", guarded);
    assert_eq!(requests(&sandbox, &guarded), Vec::<String>::new());
}

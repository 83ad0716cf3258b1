//! Tests of all formats.

mod csv;
mod hostile;
mod human;
mod json;
mod plain;
mod prometheus;
mod report;
mod sample;
mod sanitize;
mod sparkline;
mod table;

use std::io;

use clap::ValueEnum;
use sessctl::output::write;
use sessctl::output::{FormatName, Style};

#[test]
fn a_format_is_called_what_the_command_line_calls_it() {
    for name in FormatName::value_variants() {
        assert_eq!(name.to_string().parse(), Ok(*name));
    }
    assert!("yaml".parse::<FormatName>().is_err());
}

/// `| head` after it has read enough.
struct ClosedPipe;

impl io::Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_gone_is_told_from_other_failures() {
    for name in FormatName::value_variants() {
        let written =
            write(*name, Style::default(), ClosedPipe, &sample::STAT, None, &sample::stat());
        let kind = written.map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::BrokenPipe), "{name}");
    }
}

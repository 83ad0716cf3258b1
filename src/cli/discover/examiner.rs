//! The process that opens files for `discover`, with the privileges of their owner.
//!
//! Requests have the form of those to a privileged helper: the body is the device,
//! the inode and the path of a file. The process writes nothing but answers.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::answer::Answer;
use crate::Error;
use crate::cli::exit::Exit;
use crate::cli::privileges::Identity;
use crate::cli::privileges::message::{receive, send};
use crate::cli::profiles::CachedProfiles;
use crate::cli::time_zone::machine_time_zone;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::store::discovery::FileIdentity;
use crate::store::discovery::{DiscoveryLimits, Examiner};

/// Name of the hidden subcommand.
pub const COMMAND: &str = "__examiner";
/// Answer that precedes all others.
pub const READY: &str = "ready";
pub const ANSWER: &str = "answer";

/// Limits for one file: it takes little more than the time, even if it was made to be slow.
const LIMITS: DiscoveryLimits = DiscoveryLimits { rows: 1_000_000, time: Duration::from_secs(2) };

#[derive(clap::Args)]
pub struct Args {
    /// Numbers of the user and the group whose privileges it takes
    #[arg(long, value_names = ["UID", "GID"], num_args = 2)]
    user: Option<Vec<u32>>,
}

impl Args {
    /// Answers requests until the other end is gone.
    ///
    /// # Errors
    /// A request that cannot be understood.
    pub fn run(&self, now: UnixTime) -> anyhow::Result<Exit> {
        // A process that reads files of other users has no business with the terminal.
        let _ = nix::unistd::setsid();
        let mut answers = io::stdout().lock();
        if let Err(error) = self.take_privileges() {
            send(&mut answers, "error", format!("{error:#}").as_bytes())?;
            return Ok(Exit::Failed);
        }
        let mut requests = io::stdin().lock();
        send(&mut answers, READY, &[])?;
        let profiles = CachedProfiles::default();
        let zone = OnceCell::new();
        let resolve_zone = || resolved_zone(&zone);
        let examiner = Examiner::new(&profiles, &resolve_zone, now, LIMITS);
        while let Some((_, body)) = receive(&mut requests)? {
            let (path, id) = parse(&body).context("unexpected request")?;
            let answer = Answer::of(examiner.examine(path, id));
            send(&mut answers, ANSWER, answer.to_json().as_bytes())?;
        }
        Ok(Exit::Done)
    }

    fn take_privileges(&self) -> anyhow::Result<()> {
        match self.user.as_deref() {
            Some(&[user, group]) => Identity::of_owner(user, group)?.assume()?,
            Some(_) => bail!("a user and a group are needed"),
            None => {}
        }
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        Ok(())
    }
}

fn resolved_zone(known: &OnceCell<TimeZone>) -> crate::Result<TimeZone> {
    if let Some(zone) = known.get() {
        return Ok(zone.clone());
    }
    let zone = machine_time_zone();
    let zone = zone.map_err(|error| Error::Refused(format!("{error:#}")))?;
    Ok(known.get_or_init(|| zone).clone())
}

/// The body of a request.
pub fn request(path: &Path, (device, inode): FileIdentity) -> Vec<u8> {
    let mut body = format!("{device} {inode}\n").into_bytes();
    body.extend(path.as_os_str().as_bytes());
    body
}

fn parse(body: &[u8]) -> Option<(&Path, FileIdentity)> {
    let at = body.iter().position(|byte| *byte == b'\n')?;
    let (device, inode) = str::from_utf8(&body[..at]).ok()?.split_once(' ')?;
    let path = Path::new(OsStr::from_bytes(&body[at + 1..]));
    Some((path, (device.parse().ok()?, inode.parse().ok()?)))
}

//! `sessctl demo`

mod history;
mod random;

use std::path::Path;

use crate::app::{ListRequest, PurgeRequest, SessionService};
use crate::domain::filter::Filter;
use crate::domain::session::{End, EndReason, SessionKey};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::domain::token::Token;
use crate::storage::{Backend, EndRequest, NewSession, SessionOpener};
use crate::store::{Access, Location};
use crate::{Error, store};

use crate::cli::context::{Context, SettingSource, print};
use crate::cli::exit::{Exit, Usage};
use crate::cli::progress::{ProgressDisplay, remaining_time};
use crate::cli::show::stat;
use crate::cli::time_zone::machine_time_zone;
use crate::domain::format::format_count;
use crate::output::FormatName;
use history::Present;
use random::Random;

const FILE: &str = "sessctl-demo.db";
const SESSIONS: u64 = 100_000;
const IDLE_TIMEOUT: Span = Span::minutes(30);
/// Sessions that one transaction inserts.
const BATCH: usize = 2_000;
/// A session of the demo's own, by which it knows its database again.
const MARKER_TOKEN: &str = "the demo's own session";

/// Line of the live view among the next steps, if this build has it.
const LIVE_VIEW: &str = if cfg!(feature = "top") { "  sessctl top\n" } else { "" };

/// Create a demo database, purge it, and show the effect
///
/// The database has 100,000 sessions, and a history of 30 days. It is sessctl-demo.db in the current directory, and is
/// overwritten only if an earlier demo created it.
#[derive(clap::Args)]
pub struct Args {}

/// The database that it builds.
pub fn database() -> Location {
    Location::from(Path::new(FILE))
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        if context.requested_format().is_some_and(|format| format != FormatName::Table) {
            return Err(Usage::error("demo does not support --output"));
        }
        if context.named_db.as_ref().is_some_and(|db| db.source == SettingSource::Flag) {
            return Err(Usage::error(format!(
                "demo does not support --db: it always uses {FILE} in the current directory"
            )));
        }
        let (path, now) = (Path::new(FILE), context.now);
        remove_previous(path)?;
        let mut sessions = store::create(path)?;
        let mut random = Random(1);
        let progress = &mut FillProgress::new(context);
        let present = fill(sessions.as_mut(), &mut random, now, progress)?;
        let zone = context.config()?.zone.or_machine(machine_time_zone).unwrap_or(TimeZone::UTC);
        history::record(sessions.as_mut(), &present, &mut random, &zone, now)?;
        let mut service = SessionService::new(sessions, context.config()?.policies.clone());

        print(format!("{FILE} holds {} sessions of three tasks:\n\n", format_count(SESSIONS)))?;
        stat::show(&stat::records(&service, None, now)?, context)?;
        let summary = service
            .purge(&PurgeRequest::default(), now, &mut |_| std::ops::ControlFlow::Continue(()))?;
        print(format!(
            "\nThe purge ended {} and deleted {} sessions in {:.2} s; it held the write lock for \
             at most {:.1} ms:\n\n",
            format_count(summary.done.ended),
            format_count(summary.done.deleted),
            summary.elapsed.as_secs_f64(),
            summary.done.longest_hold.as_secs_f64() * 1000.0,
        ))?;
        stat::show(&stat::records(&service, None, now)?, context)?;
        print(format!("\n{}\n", next_steps(&service, now)?))?;
        Ok(Exit::Done)
    }
}

fn remove_previous(path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let is_own = store::open(path, Access::Read)
        .and_then(|sessions| sessions.find(&[Token::presented(MARKER_TOKEN).key()]))
        .is_ok_and(|found| found.iter().all(Option::is_some));
    if !is_own {
        return Err(Usage::error(format!(
            "{FILE} was not created by an earlier demo: move it away, or run the demo in another \
             directory"
        )));
    }
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{FILE}{suffix}")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

fn next_steps(service: &SessionService, now: UnixTime) -> anyhow::Result<String> {
    let mut handle = String::new();
    let request =
        ListRequest { filter: Filter::default(), limit: Some(1), ..ListRequest::default() };
    service.list(&request, now, &mut |session| {
        handle = session.handle;
        Ok(std::ops::ControlFlow::Break(()))
    })?;
    Ok(format!(
        "Try next:
  export SESSCTL_DB={FILE}
  sessctl show history
  sessctl report > report.html
{LIVE_VIEW}  sessctl show tasks
  sessctl list --state active --sort idle --limit 10
  sessctl show session {handle}
  sessctl purge --dry-run --at '{tomorrow}'
  sessctl cycle imap --dry-run
  sessctl schedule print cron '15 * *'",
        tomorrow = now.plus(Span::days(1)),
    ))
}

struct SampleSession {
    new: NewSession,
    last_used_at: UnixTime,
    end: Option<End>,
}

fn session_opener(sessions: &mut dyn Backend) -> crate::Result<&mut dyn SessionOpener> {
    sessions.session_opener().ok_or_else(|| Error::Refused(format!("{FILE} opens no sessions")))
}

/// The progress of [`fill`]: the rows that it has inserted, touched and ended.
struct FillProgress {
    display: ProgressDisplay,
    written: usize,
    total: usize,
}

impl FillProgress {
    fn new(context: &Context) -> Self {
        Self { display: ProgressDisplay::new(None, context), written: 0, total: 0 }
    }

    fn add(&mut self, rows: usize) {
        self.written += rows;
        #[expect(clippy::cast_precision_loss, reason = "it is for people")]
        let fraction = self.written as f64 / self.total.max(1) as f64;
        self.display.show_share(fraction, |elapsed| {
            format!("creating {FILE}, {} left", remaining_time(fraction, elapsed))
        });
    }
}

fn fill(
    sessions: &mut dyn Backend,
    random: &mut Random,
    now: UnixTime,
    progress: &mut FillProgress,
) -> crate::Result<Present> {
    let mut samples: Vec<SampleSession> =
        (0..SESSIONS - 1).map(|serial| sample(random, serial, now)).collect();
    samples.push(SampleSession { new: demo_session(now), last_used_at: now, end: None });
    // In the order of their keys the rows go in fastest.
    samples.sort_by(|a, b| a.new.key.cmp(&b.new.key));
    let ended = samples.iter().filter(|samples| samples.end.is_some()).count();
    progress.total = 2 * samples.len() + ended;
    for batch in samples.chunks(BATCH) {
        let new: Vec<NewSession> = batch.iter().map(|samples| samples.new.clone()).collect();
        session_opener(sessions)?.insert(&new)?;
        progress.add(batch.len());
    }
    samples.sort_by_key(|samples| samples.last_used_at);
    for batch in samples.chunk_by(|a, b| a.last_used_at == b.last_used_at) {
        let keys: Vec<SessionKey> = batch.iter().map(|samples| samples.new.key.clone()).collect();
        session_opener(sessions)?.renew(&keys, batch[0].last_used_at)?;
        progress.add(batch.len());
    }
    let ending = |samples: &SampleSession| {
        samples.end.map(|end| EndRequest { key: samples.new.key.clone(), end, keep_row: true })
    };
    let endings: Vec<EndRequest> = samples.iter().filter_map(ending).collect();
    for batch in endings.chunks(BATCH) {
        sessions.end(batch)?;
        progress.add(batch.len());
    }
    let is_live = |session: &&SampleSession| {
        session.end.is_none() && now.since(session.last_used_at) <= IDLE_TIMEOUT
    };
    let live = samples.iter().filter(is_live).count();
    let file_bytes = sessions.vacuum().map(|vacuum| vacuum.disk_usage()).transpose()?;
    let file_bytes = file_bytes.map_or(0, |usage| usage.file_bytes);
    Ok(Present { live, expired: samples.len() - ended - live, ended, file_bytes })
}

fn demo_session(now: UnixTime) -> NewSession {
    NewSession {
        key: Token::presented(MARKER_TOKEN).key(),
        user: Some("demo".to_owned()),
        task: "http".to_owned(),
        client: Some("127.0.0.1".to_owned()),
        agent: Some("curl/8.14.1".to_owned()),
        created_at: now,
        idle_timeout: None,
    }
}

/// The program of a sample session, which fits its task.
fn agent(task: &str, serial: u64) -> &'static str {
    const BROWSERS: [&str; 4] = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
    ];
    let kind = usize::try_from(serial / 6 % 4).unwrap_or(0);
    if task == "http" { BROWSERS[kind] } else { "Thunderbird/128.11" }
}

fn sample(random: &mut Random, serial: u64, now: UnixTime) -> SampleSession {
    let before = |time: UnixTime, seconds: i64| UnixTime(time.0 - seconds);
    let task =
        ["imap", "imap", "http", "http", "http", "jmap"][usize::try_from(serial % 6).unwrap_or(0)];
    let user = 1 + random.below(3_000).min(random.below(3_000));
    let client = format!("10.{}.{}.{}", random.below(4), random.below(256), 1 + random.below(254));
    // Last uses in steps of five minutes: one session in eight is in use, the
    // others were left minutes, hours or days ago.
    let (steps, end) = match random.below(16) {
        0 | 1 => (random.below(6), None),
        2 => (7 + random.below(17), None),
        3..=10 => (25 + random.below(2_000), None),
        11 | 12 => (random.below(280), Some(EndReason::Closed)),
        13 | 14 => (289 + random.below(1_700), Some(EndReason::Expired)),
        _ => (289 + random.below(1_700), Some(EndReason::Closed)),
    };
    let last_used_at = before(now, steps * 300);
    let new = NewSession {
        key: Token::presented(format!("demo {serial}")).key(),
        user: Some(format!("user{user:04}")),
        task: task.to_owned(),
        client: Some(client),
        agent: Some(agent(task, serial).to_owned()),
        created_at: before(last_used_at, random.below(86_400)),
        idle_timeout: Some(IDLE_TIMEOUT),
    };
    SampleSession { new, last_used_at, end: end.map(|reason| End { at: last_used_at, reason }) }
}

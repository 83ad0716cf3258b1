//! Sessions on three rqlite nodes, all on this machine.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::{Figure, Section, Unit};
use super::super::process::Task;
use super::rounds;
use crate::cluster::{Act, Beside, Client, Node, Nodes, beside, flat_out, processor_time};
use crate::stats::{float, ms};
use crate::table::{Kind, Spec};
use crate::{clock, random};

/// How many clients touch as fast as they can.
const CROWDS: [usize; 4] = [1, 8, 32, 128];
/// How many clients look as fast as they can, and how.
const LOOKERS: usize = 32;
const LOOKS: [(&str, Act); 3] = [
    ("weak", |client, id| client.look(id, "weak")),
    ("strong", |client, id| client.look(id, "strong")),
    ("none", |client, id| client.look(id, "none")),
];
/// For how long.
const FLAT_OUT: Duration = Duration::from_secs(5);
/// What the application of the other figures does: less than the nodes could.
const CLIENTS: u32 = 12;
const RATE: f64 = 200.0;
/// How long it is watched where nothing else happens.
const ALONE: Duration = Duration::from_secs(10);
/// Tokens that `sessctl touch` has from a file.
const TOKENS: usize = 20_000;
const STARTS: u32 = 50;

#[derive(Default)]
struct Seen {
    moved: Vec<f64>,
    touches: Vec<Vec<f64>>,
    /// Microseconds of a processor for each touch of the largest crowd: the leader, and
    /// the mean of the others.
    leader: Vec<f64>,
    follower: Vec<f64>,
    looks: Vec<Vec<f64>>,
    from_file: Vec<f64>,
    none: Vec<Beside<()>>,
    purge: Vec<Beside<f64>>,
    delete: Vec<Beside<()>>,
    purge_alone: Vec<f64>,
    delete_alone: Vec<f64>,
    failover: Vec<f64>,
    start: Vec<f64>,
    bytes: Vec<f64>,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let spec = Spec::half(Kind::Native, options.scaled(200_000));
    let mut seen = Seen { touches: vec![Vec::new(); CROWDS.len()], ..Seen::default() };
    seen.looks = vec![Vec::new(); LOOKS.len()];
    rounds(options, || {
        round(bed, &spec, &mut seen)?;
        alone(bed, &spec, &mut seen)
    })?;
    Ok(section(&seen, &spec))
}

/// A cluster with the table on it.
struct Full {
    nodes: Nodes,
    urls: Vec<String>,
    config: PathBuf,
    /// How long it took to bring the table there.
    moved: Duration,
}

impl Full {
    fn new(bed: &Bed, spec: &Spec) -> Result<Self> {
        let copy = bed.copy(spec)?;
        let config = bed.file("cluster.toml", "[policy]\nretention = \"0\"\n")?;
        let nodes = Nodes::start(3);
        let urls = nodes.nodes.iter().map(Node::url).collect();
        let args = ["move", "--from"].map(Into::into).into_iter();
        let args = args.chain([copy.path.clone().into(), "--to".into(), nodes.url().into()]);
        let moved = Task::new::<std::ffi::OsString>(bed.sessctl(), args).time()?;
        Ok(Self { nodes, urls, config, moved })
    }

    fn processor_times(&self) -> Result<Vec<f64>> {
        self.nodes.nodes.iter().map(processor_time).collect()
    }

    fn sessctl(&self, bed: &Bed, args: &[&str]) -> Task {
        Task::sessctl(bed, Path::new(&self.nodes.url()), &self.config, args)
    }

    /// One DELETE, as one would send it from a crontab.
    fn delete(&self) -> Result<()> {
        let sql = format!("DELETE FROM sessions WHERE {}", super::over(clock::now()));
        Client::new(&self.urls[0]).request(&json!([sql]))?;
        Ok(())
    }

    fn purge(&self, bed: &Bed) -> Result<f64> {
        let said = self.sessctl(bed, &["purge"]).answer()?;
        let said: serde_json::Value =
            serde_json::from_str(&said).with_context(|| format!("{said:?} is no JSON"))?;
        said["longest_hold_ms"].as_f64().with_context(|| format!("no hold in {said}"))
    }

    /// That all is gone that was due, and nothing else.
    fn check(&self, spec: &Spec) -> Result<()> {
        let over = super::over(clock::now());
        let sql = format!("SELECT sum({over}), sum(NOT ({over})) FROM sessions");
        let answer = Client::new(&self.urls[0]).request(&json!([sql]))?;
        let row = &answer["results"][0]["values"][0];
        let live = spec.live_tokens(usize::MAX).len() as u64;
        ensure!(row[0].as_u64() == Some(0), "{row} are left that were due");
        ensure!(row[1].as_u64().is_some_and(|left| left >= live), "{row} of {live} are left");
        Ok(())
    }
}

/// Everything beside an application.
fn round(bed: &Bed, spec: &Spec, seen: &mut Seen) -> Result<()> {
    let tokens = spec.live_tokens(TOKENS);
    let ids: Vec<String> = tokens.iter().map(|token| random::id(token).0).collect();
    let full = Full::new(bed, spec)?;
    seen.moved.push(full.moved.as_secs_f64());
    seen.bytes.push(size(&full)?);
    for (crowd, rates) in CROWDS.iter().zip(&mut seen.touches) {
        let before = full.processor_times()?;
        let rate = flat_out(&full.urls, *crowd, &ids, FLAT_OUT, Client::touch)?;
        rates.push(rate);
        if crowd == &CROWDS[CROWDS.len() - 1] {
            let (touches, leader) = (rate * FLAT_OUT.as_secs_f64(), full.nodes.leader());
            let after = full.processor_times()?.into_iter().zip(before);
            let each = after.map(|(after, before)| (after - before) * 1e6 / touches);
            let each: Vec<f64> = each.collect();
            seen.leader.push(each[leader]);
            seen.follower.push((each.iter().sum::<f64>() - each[leader]) / 2.0);
        }
    }
    for ((_, look), rates) in LOOKS.iter().zip(&mut seen.looks) {
        rates.push(flat_out(&full.urls, LOOKERS, &ids, FLAT_OUT, *look)?);
    }
    let file = bed.file("cluster-tokens.txt", &(tokens.join("\n") + "\n"))?;
    let touch = full.sessctl(bed, &["touch", "--token-file"]).with(file).time()?;
    seen.from_file.push(float(tokens.len() as u64) / touch.as_secs_f64());
    let nothing = || {
        thread::sleep(ALONE);
        Ok(())
    };
    seen.none.push(beside(&full.urls, CLIENTS, RATE, &ids, nothing)?);
    seen.purge.push(beside(&full.urls, CLIENTS, RATE, &ids, || full.purge(bed))?);
    full.check(spec)?;
    for _ in 0..STARTS {
        seen.start.push(ms(full.sessctl(bed, &["show", "runs"]).time()?));
    }
    seen.failover.push(failover(full, &ids)?);
    let full = Full::new(bed, spec)?;
    seen.delete.push(beside(&full.urls, CLIENTS, RATE, &ids, || full.delete())?);
    full.check(spec)
}

/// The same purge and the same DELETE while nobody else is there.
fn alone(bed: &Bed, spec: &Spec, seen: &mut Seen) -> Result<()> {
    let full = Full::new(bed, spec)?;
    let begun = Instant::now();
    full.purge(bed)?;
    seen.purge_alone.push(begun.elapsed().as_secs_f64());
    full.check(spec)?;
    let full = Full::new(bed, spec)?;
    let begun = Instant::now();
    full.delete()?;
    seen.delete_alone.push(begun.elapsed().as_secs_f64());
    full.check(spec)
}

/// How many bytes a session takes on each node, in the database alone.
fn size(full: &Full) -> Result<f64> {
    let sql = "SELECT page_count * page_size, (SELECT count(*) FROM sessions) FROM \
               pragma_page_count, pragma_page_size";
    let answer = Client::new(&full.urls[0]).request(&json!([sql]))?;
    let row = &answer["results"][0]["values"][0];
    let figure = |place: usize| row[place].as_f64().context("a figure is missing");
    Ok(figure(0)? / figure(1)?)
}

/// How long after the leader was killed the next touch succeeds, in seconds.
fn failover(mut full: Full, ids: &[String]) -> Result<f64> {
    let leader = full.nodes.leader();
    let other = Client::new(&full.urls[(leader + 1) % 3]);
    full.nodes.nodes[leader].kill();
    let begun = Instant::now();
    while !other.touch(&ids[0]).unwrap_or(false) {
        ensure!(begun.elapsed() < Duration::from_mins(1), "nobody leads");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn section(seen: &Seen, spec: &Spec) -> Section {
    let mut section = Section::default();
    let rows = float(spec.rows);
    let rate = |times: &[f64]| times.iter().map(|time| rows / time).collect();
    section.add(Figure::new("`sessctl move`", Unit::PerSecond, rate(&seen.moved)));
    section.add(Figure::new("bytes per session on each node", Unit::Bytes, seen.bytes.clone()));
    for (crowd, rates) in CROWDS.iter().zip(&seen.touches) {
        let what = format!("touches per second, {crowd} clients");
        section.add(Figure::new(what, Unit::PerSecond, rates.clone()));
    }
    let most = CROWDS[CROWDS.len() - 1];
    for (who, times) in [("the leader", &seen.leader), ("each other node", &seen.follower)] {
        let what = format!("CPU time per touch on {who}, {most} clients");
        section.add(Figure::new(what, Unit::MicrosecondsPerRow, times.clone()));
    }
    for ((level, _), rates) in LOOKS.iter().zip(&seen.looks) {
        let what = format!("lookups per second, level {level}, {LOOKERS} clients");
        section.add(Figure::new(what, Unit::PerSecond, rates.clone()));
    }
    let what = "`sessctl touch --token-file`";
    section.add(Figure::new(what, Unit::PerSecond, seen.from_file.clone()));
    let delete = "one DELETE";
    let time = Figure::new("purge, no other clients", Unit::Seconds, seen.purge_alone.clone());
    section.add(time.beside(delete, seen.delete_alone.clone()));
    let time = |all: &[Beside<f64>]| all.iter().map(|one| one.time.as_secs_f64()).collect();
    let delete_time = seen.delete.iter().map(|one| one.time.as_secs_f64()).collect();
    let loaded = Figure::new("purge under load", Unit::Seconds, time(&seen.purge));
    section.add(loaded.beside(delete, delete_time));
    for (what, of) in LATENCIES {
        let purge: Vec<f64> = seen.purge.iter().map(|one| of(&one.report)).collect();
        let figure =
            || Figure::new(format!("application's {what}"), Unit::Milliseconds, purge.clone());
        let of_all = |all: &[Beside<()>]| all.iter().map(|one| of(&one.report)).collect();
        section.add(figure().beside("no purge", of_all(&seen.none)));
        section.add(figure().beside(delete, of_all(&seen.delete)));
    }
    let holds = seen.purge.iter().map(|one| one.outcome).collect();
    section.add(Figure::new("longest request of the purge", Unit::Milliseconds, holds));
    let failover = "from the death of the leader to the next touch";
    section.add(Figure::new(failover, Unit::Seconds, seen.failover.clone()));
    section.add(Figure::new("`sessctl show runs`", Unit::Milliseconds, seen.start.clone()));
    section.note(format!(
        "{} rows, half of them due; under load, {CLIENTS} clients on three nodes perform {RATE} \
         operations per second in total. The nodes share the processors and the disk of this \
         machine.",
        spec.rows
    ));
    let lost: u64 = seen.purge.iter().map(|one| one.report.lost).sum();
    section.note(format!("{lost} touches of live sessions were lost during the purges."));
    section
}

/// A figure of an application, by its name.
type Latency = (&'static str, fn(&crate::load::Report) -> f64);

const LATENCIES: [Latency; 4] = [
    ("p50", |report| report.p50),
    ("p99", |report| report.p99),
    ("p99.9", |report| report.p999),
    ("longest wait", |report| report.longest),
];

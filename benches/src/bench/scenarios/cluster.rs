//! Sessions on three rqlite nodes, all on this machine.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::super::Options;
use super::super::figure::{Figure, Section, Unit};
use super::super::invocation::Invocation;
use super::super::workspace::Workspace;
use super::run_rounds;
use crate::cluster::{
    Client, ClientOp, Node, Nodes, UnderLoad, cpu_time, run_under_load, throughput,
};
use crate::stats::{to_f64, to_millis};
use crate::table::{Kind, TableSpec};
use crate::{clock, random};

/// Numbers of clients in the measurements of touch throughput.
const CLIENT_COUNTS: [usize; 4] = [1, 8, 32, 128];
/// Number of clients in the measurements of lookup throughput.
const LOOKUP_CLIENTS: usize = 32;
/// Levels of consistency, each with its lookup.
const LOOKUPS: [(&str, ClientOp); 3] = [
    ("weak", |client, id| client.look_up(id, "weak")),
    ("strong", |client, id| client.look_up(id, "strong")),
    ("none", |client, id| client.look_up(id, "none")),
];
/// Duration of each measurement of throughput.
const THROUGHPUT_TIME: Duration = Duration::from_secs(5);
/// Load of the application in the other measurements, well below saturation.
const CLIENTS: u32 = 12;
const RATE: f64 = 200.0;
/// Duration of the measurement without a purge.
const BASELINE_TIME: Duration = Duration::from_secs(10);
/// Number of tokens in the file for `sessctl touch`.
const TOKEN_COUNT: usize = 20_000;
/// Number of starts of `sessctl show runs` in each round.
const STARTS: u32 = 50;

#[derive(Default)]
struct Results {
    copies: Vec<f64>,
    touches: Vec<Vec<f64>>,
    /// CPU time of the leader in microseconds per touch, with the most clients.
    leader_cpu: Vec<f64>,
    /// Mean CPU time of the other nodes in microseconds per touch, with the most clients.
    follower_cpu: Vec<f64>,
    lookups: Vec<Vec<f64>>,
    touch_file: Vec<f64>,
    baseline: Vec<UnderLoad<()>>,
    purge: Vec<UnderLoad<f64>>,
    delete: Vec<UnderLoad<()>>,
    idle_purge: Vec<f64>,
    idle_delete: Vec<f64>,
    failover: Vec<f64>,
    show_runs: Vec<f64>,
    bytes: Vec<f64>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let spec = TableSpec::half_due(Kind::Native, options.scaled(200_000));
    let mut results =
        Results { touches: vec![Vec::new(); CLIENT_COUNTS.len()], ..Results::default() };
    results.lookups = vec![Vec::new(); LOOKUPS.len()];
    run_rounds(options, || {
        measure_under_load(workspace, &spec, &mut results)?;
        measure_idle(workspace, &spec, &mut results)
    })?;
    Ok(section(&results, &spec))
}

/// A cluster that holds the benchmark's table.
struct PopulatedCluster {
    nodes: Nodes,
    urls: Vec<String>,
    config: PathBuf,
    /// Duration of `sessctl move` that copied the table to the cluster.
    move_time: Duration,
}

impl PopulatedCluster {
    fn new(workspace: &Workspace, spec: &TableSpec) -> Result<Self> {
        let copy = workspace.copy(spec)?;
        let config = workspace.file("cluster.toml", "[policy]\nretention = \"0\"\n")?;
        let nodes = Nodes::start(3);
        let urls = nodes.nodes.iter().map(Node::url).collect();
        let args = ["move", "--from"].map(Into::into).into_iter();
        let args = args.chain([copy.path.clone().into(), "--to".into(), nodes.url().into()]);
        let move_time = Invocation::new::<std::ffi::OsString>(workspace.sessctl(), args).time()?;
        Ok(Self { nodes, urls, config, move_time })
    }

    fn cpu_times(&self) -> Result<Vec<f64>> {
        self.nodes.nodes.iter().map(cpu_time).collect()
    }

    fn sessctl(&self, workspace: &Workspace, args: &[&str]) -> Invocation {
        Invocation::sessctl(workspace, Path::new(&self.nodes.url()), &self.config, args)
    }

    /// Deletes all due sessions by one DELETE statement.
    fn delete(&self) -> Result<()> {
        let sql = format!("DELETE FROM sessions WHERE {}", super::due_condition(clock::now()));
        Client::new(&self.urls[0]).request(&json!([sql]))?;
        Ok(())
    }

    /// Runs `sessctl purge` and returns its longest hold in milliseconds.
    fn purge(&self, workspace: &Workspace) -> Result<f64> {
        let stdout = self.sessctl(workspace, &["purge"]).stdout()?;
        let stdout: serde_json::Value =
            serde_json::from_str(&stdout).with_context(|| format!("{stdout:?} is not JSON"))?;
        stdout["longest_hold_ms"]
            .as_f64()
            .with_context(|| format!("longest_hold_ms is missing in {stdout}"))
    }

    /// Verifies that all due sessions were deleted, and no others.
    fn check(&self, spec: &TableSpec) -> Result<()> {
        let due_condition = super::due_condition(clock::now());
        let sql = format!("SELECT sum({due_condition}), sum(NOT ({due_condition})) FROM sessions");
        let answer = Client::new(&self.urls[0]).request(&json!([sql]))?;
        let row = &answer["results"][0]["values"][0];
        let live = spec.live_tokens(usize::MAX).len() as u64;
        ensure!(row[0].as_u64() == Some(0), "{row}: due sessions are left");
        ensure!(
            row[1].as_u64().is_some_and(|left| left >= live),
            "{row}: {live} live sessions were expected"
        );
        Ok(())
    }
}

/// Measures throughput, and latencies while the application is running.
fn measure_under_load(
    workspace: &Workspace,
    spec: &TableSpec,
    results: &mut Results,
) -> Result<()> {
    let tokens = spec.live_tokens(TOKEN_COUNT);
    let ids: Vec<String> = tokens.iter().map(|token| random::session_id(token).0).collect();
    let cluster = PopulatedCluster::new(workspace, spec)?;
    results.copies.push(cluster.move_time.as_secs_f64());
    results.bytes.push(bytes_per_session(&cluster)?);
    for (clients, rates) in CLIENT_COUNTS.iter().zip(&mut results.touches) {
        let before = cluster.cpu_times()?;
        let rate = throughput(&cluster.urls, *clients, &ids, THROUGHPUT_TIME, Client::touch)?;
        rates.push(rate);
        if clients == &CLIENT_COUNTS[CLIENT_COUNTS.len() - 1] {
            let (touches, leader) = (rate * THROUGHPUT_TIME.as_secs_f64(), cluster.nodes.leader());
            let after = cluster.cpu_times()?.into_iter().zip(before);
            let each = after.map(|(after, before)| (after - before) * 1e6 / touches);
            let each: Vec<f64> = each.collect();
            results.leader_cpu.push(each[leader]);
            results.follower_cpu.push((each.iter().sum::<f64>() - each[leader]) / 2.0);
        }
    }
    for ((_, op), rates) in LOOKUPS.iter().zip(&mut results.lookups) {
        rates.push(throughput(&cluster.urls, LOOKUP_CLIENTS, &ids, THROUGHPUT_TIME, *op)?);
    }
    let file = workspace.file("cluster-tokens.txt", &(tokens.join("\n") + "\n"))?;
    let touch = cluster.sessctl(workspace, &["touch", "--token-file"]).arg(file).time()?;
    results.touch_file.push(to_f64(tokens.len() as u64) / touch.as_secs_f64());
    let wait = || {
        thread::sleep(BASELINE_TIME);
        Ok(())
    };
    results.baseline.push(run_under_load(&cluster.urls, CLIENTS, RATE, &ids, wait)?);
    results
        .purge
        .push(run_under_load(&cluster.urls, CLIENTS, RATE, &ids, || cluster.purge(workspace))?);
    cluster.check(spec)?;
    for _ in 0..STARTS {
        results.show_runs.push(to_millis(cluster.sessctl(workspace, &["show", "runs"]).time()?));
    }
    results.failover.push(failover(cluster, &ids)?);
    let cluster = PopulatedCluster::new(workspace, spec)?;
    results.delete.push(run_under_load(&cluster.urls, CLIENTS, RATE, &ids, || cluster.delete())?);
    cluster.check(spec)
}

/// Measures a purge and a DELETE without other clients.
fn measure_idle(workspace: &Workspace, spec: &TableSpec, results: &mut Results) -> Result<()> {
    let cluster = PopulatedCluster::new(workspace, spec)?;
    let start = Instant::now();
    cluster.purge(workspace)?;
    results.idle_purge.push(start.elapsed().as_secs_f64());
    cluster.check(spec)?;
    let cluster = PopulatedCluster::new(workspace, spec)?;
    let start = Instant::now();
    cluster.delete()?;
    results.idle_delete.push(start.elapsed().as_secs_f64());
    cluster.check(spec)
}

/// Size of the database on each node, divided by the number of sessions.
fn bytes_per_session(cluster: &PopulatedCluster) -> Result<f64> {
    let sql = "SELECT page_count * page_size, (SELECT count(*) FROM sessions) FROM \
               pragma_page_count, pragma_page_size";
    let answer = Client::new(&cluster.urls[0]).request(&json!([sql]))?;
    let row = &answer["results"][0]["values"][0];
    let figure = |column: usize| row[column].as_f64().context("a figure is missing");
    Ok(figure(0)? / figure(1)?)
}

/// Kills the leader and returns the seconds until a touch succeeds.
fn failover(mut cluster: PopulatedCluster, ids: &[String]) -> Result<f64> {
    let leader = cluster.nodes.leader();
    let other = Client::new(&cluster.urls[(leader + 1) % 3]);
    cluster.nodes.nodes[leader].kill();
    let start = Instant::now();
    while !other.touch(&ids[0]).unwrap_or(false) {
        ensure!(start.elapsed() < Duration::from_mins(1), "no leader was elected");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(start.elapsed().as_secs_f64())
}

fn section(results: &Results, spec: &TableSpec) -> Section {
    let mut section = Section::default();
    let rows = to_f64(spec.rows);
    let rate = |times: &[f64]| times.iter().map(|time| rows / time).collect();
    section.add(Figure::new("`sessctl move`", Unit::PerSecond, rate(&results.copies)));
    section.add(Figure::new("bytes per session on each node", Unit::Bytes, results.bytes.clone()));
    add_throughput(&mut section, results);
    let delete = "one DELETE";
    let time = Figure::new("purge, no other clients", Unit::Seconds, results.idle_purge.clone());
    section.add(time.compared_with(delete, results.idle_delete.clone()));
    let time = |all: &[UnderLoad<f64>]| all.iter().map(|load| load.time.as_secs_f64()).collect();
    let delete_time = results.delete.iter().map(|load| load.time.as_secs_f64()).collect();
    let loaded = Figure::new("purge under load", Unit::Seconds, time(&results.purge));
    section.add(loaded.compared_with(delete, delete_time));
    for (name, percentile) in LATENCIES {
        let purge: Vec<f64> = results.purge.iter().map(|load| percentile(&load.report)).collect();
        let figure =
            || Figure::new(format!("application's {name}"), Unit::Milliseconds, purge.clone());
        let percentiles =
            |all: &[UnderLoad<()>]| all.iter().map(|load| percentile(&load.report)).collect();
        section.add(figure().compared_with("no purge", percentiles(&results.baseline)));
        section.add(figure().compared_with(delete, percentiles(&results.delete)));
    }
    let holds = results.purge.iter().map(|load| load.outcome).collect();
    section.add(Figure::new("longest request of the purge", Unit::Milliseconds, holds));
    let failover = "from the death of the leader to the next touch";
    section.add(Figure::new(failover, Unit::Seconds, results.failover.clone()));
    section.add(Figure::new("`sessctl show runs`", Unit::Milliseconds, results.show_runs.clone()));
    section.note(format!(
        "{} rows, half of them due; under load, {CLIENTS} clients on three nodes perform {RATE} \
         operations per second in total. The nodes share the processors and the disk of this \
         machine.",
        spec.rows
    ));
    let lost: u64 = results.purge.iter().map(|load| load.report.lost).sum();
    section.note(format!("{lost} touches of live sessions were lost during the purges."));
    section
}

fn add_throughput(section: &mut Section, results: &Results) {
    for (clients, rates) in CLIENT_COUNTS.iter().zip(&results.touches) {
        let label = format!("touches per second, {clients} clients");
        section.add(Figure::new(label, Unit::PerSecond, rates.clone()));
    }
    let max_clients = CLIENT_COUNTS[CLIENT_COUNTS.len() - 1];
    for (role, times) in
        [("the leader", &results.leader_cpu), ("each other node", &results.follower_cpu)]
    {
        let label = format!("CPU time per touch on {role}, {max_clients} clients");
        section.add(Figure::new(label, Unit::MicrosecondsPerRow, times.clone()));
    }
    for ((level, _), rates) in LOOKUPS.iter().zip(&results.lookups) {
        let label = format!("lookups per second, level {level}, {LOOKUP_CLIENTS} clients");
        section.add(Figure::new(label, Unit::PerSecond, rates.clone()));
    }
    let label = "`sessctl touch --token-file`";
    section.add(Figure::new(label, Unit::PerSecond, results.touch_file.clone()));
}

/// Name and value of a latency figure of the application.
type Latency = (&'static str, fn(&crate::load::Report) -> f64);

const LATENCIES: [Latency; 4] = [
    ("p50", |report| report.p50),
    ("p99", |report| report.p99),
    ("p99.9", |report| report.p999),
    ("longest wait", |report| report.max),
];

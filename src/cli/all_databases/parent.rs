//! The process that starts a worker for each database.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::process::{self, Event, WorkerCall, WorkerEnd};
use super::worker::{RELOAD, stop_order};
use crate::cli::interrupt::Interrupt;

/// Events that wait for the parent; further ones make the workers wait.
const MAX_EVENTS: usize = 16;

/// Interval at which a signal is noticed.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs these workers, at most `parallel` at the same time, and handles their events, each with
/// the index of its worker. A signal is passed on to those that run, which `stopping` reports, and
/// no other is started.
pub fn run_workers(
    calls: &[WorkerCall],
    parallel: usize,
    interrupt: &Interrupt,
    handle: &mut dyn FnMut(usize, Event),
    stopping: &dyn Fn(),
) {
    let (sender, events) = sync_channel(MAX_EVENTS);
    let mut waiting = calls.iter().enumerate();
    let mut running: BTreeMap<usize, UnixStream> = BTreeMap::new();
    let mut has_passed_on = false;
    loop {
        while running.len() < parallel.max(1)
            && interrupt.signal().is_none()
            && let Some((index, call)) = waiting.next()
        {
            handle(index, Event::Started);
            let sender = sender.clone();
            // A parent that no longer listens is about to end.
            let sink = Box::new(move |event| drop(sender.send((index, event))));
            match process::start(call, sink) {
                Ok(orders) => drop(running.insert(index, orders)),
                Err(error) => handle(index, Event::Ended(WorkerEnd::not_started(&error))),
            }
        }
        if running.is_empty() {
            return;
        }
        if interrupt.take_reload() {
            for orders in running.values_mut() {
                let _ = writeln!(orders, "{RELOAD}");
            }
        }
        if let Some(signal) = interrupt.signal().filter(|_| !has_passed_on) {
            has_passed_on = true;
            for orders in running.values_mut() {
                // One that is gone needs no order.
                let _ = orders.write_all(stop_order(signal).as_bytes());
            }
            stopping();
        }
        let Ok((index, event)) = events.recv_timeout(SIGNAL_INTERVAL) else { continue };
        if matches!(event, Event::Ended(_)) {
            running.remove(&index);
        }
        handle(index, event);
    }
}

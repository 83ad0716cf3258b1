//! A process that serves one database for the one that has started it.

use std::path::Path;
use std::rc::Rc;

use super::settings::Context;
use super::terminal::set_width;
use crate::cli::all_databases::wire::Message;
use crate::cli::all_databases::worker::Worker;

impl Context {
    /// Becomes a worker, if the process was started as one.
    ///
    /// # Errors
    /// Errors of [`Worker::start`].
    pub fn start_worker(&self) -> anyhow::Result<()> {
        let Some(instruction) = &self.global.worker_instruction else { return Ok(()) };
        let worker = Worker::start(instruction)?;
        if worker.instruction.width.is_some() {
            set_width(worker.instruction.width);
        }
        // A process starts once.
        let _ = self.worker.set(Rc::new(worker));
        Ok(())
    }

    /// The connection to the process that has started this one as a worker.
    pub fn worker(&self) -> Option<&Rc<Worker>> {
        self.worker.get()
    }

    /// Link to that process, if it collects records, reports and metrics.
    pub fn collector(&self) -> Option<&Rc<Worker>> {
        self.worker().filter(|worker| worker.instruction.collects)
    }

    /// Tells the process that has started this one why it fails.
    pub fn send_failure(&self, reason: String) {
        if let Some(worker) = self.worker() {
            worker.send(&Message::Failed { reason });
        }
    }

    /// The file for metrics, unless another process writes it.
    pub fn own_metrics_file<'p>(&self, path: Option<&'p Path>) -> Option<&'p Path> {
        path.filter(|_| self.collector().is_none())
    }
}

//! The argument that holds a schedule.

use crate::domain::schedule::{Schedule, ScheduleError};

#[derive(clap::Args)]
pub struct Spec {
    /// <minute> <hour> <weekday>, preferably quoted
    #[arg(value_name = "SPEC", required = true)]
    spec: Vec<String>,
}

impl Spec {
    pub fn parse(&self) -> Result<Schedule, ScheduleError> {
        self.spec.join(" ").parse()
    }
}

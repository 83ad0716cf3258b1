//! The operations. They know neither the table nor the database that they work
//! on, only what [`Sessions`] promises; `now` comes from the caller.

mod cycle;
mod life;
mod look;
mod pace;
mod purge;

use crate::domain::filter::TaskPattern;
use crate::domain::policy::Policies;
use crate::domain::port::{Scope, Sessions};
use crate::domain::time::UnixTime;

pub use life::{Answer, Opened, Opening, Outcome};
pub use look::{ListRequest, Listed, Service};
pub use purge::{Plan, Progress, PurgeRequest, Stopped, Summary};

/// A table of sessions, and the policies that hold for it.
pub struct Housekeeper {
    sessions: Box<dyn Sessions>,
    policies: Policies,
}

impl Housekeeper {
    /// Takes charge of a table, such as [`store::open`](crate::store::open)
    /// gives.
    pub fn new(sessions: Box<dyn Sessions>, policies: Policies) -> Self {
        Self { sessions, policies }
    }

    /// The policies that hold.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    fn scope<'a>(&'a self, task: Option<&'a TaskPattern>, now: UnixTime) -> Scope<'a> {
        Scope { policies: &self.policies, now, task }
    }
}

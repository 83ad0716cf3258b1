//! Counting what is due, without doing anything.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::report::{Progress, PurgeRequest, Stopped};
use super::scope;
use super::sweep::Limits;
use crate::app::Housekeeper;
use crate::app::run::Shift;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{Census, Kept, Misfit, Place, Reach, Scope, Store, Survey};

/// What looks have found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) census: Census,
    /// What one of the rows has that cannot be read.
    pub(super) misfit: Option<Misfit>,
    /// Rows whose time has come, and that are kept.
    pub(super) kept: Kept,
}

impl Seen {
    /// Adds what another look has found.
    pub(super) fn add(&mut self, other: Self) {
        self.census.add(other.census);
        self.misfit = self.misfit.take().or(other.misfit);
        self.kept.add(other.kept);
    }
}

/// How long one look takes at most. Where there is no write-ahead log, nobody else
/// can commit meanwhile.
const LOOK: Duration = Duration::from_millis(250);
const LOOK_WITHOUT_A_LOG: Duration = Duration::from_millis(5);

impl Housekeeper {
    /// Counts all rows, and which of them were due at a moment already.
    pub(super) fn count(&self, scope: &Scope<'_>, backlog: Option<UnixTime>) -> Result<Seen> {
        let mut seen = Seen::default();
        let look = Look { store: self.store.as_ref(), scope, backlog };
        look.visit(None, &mut |found| {
            seen.add(found);
            ControlFlow::Continue(())
        })?;
        Ok(seen)
    }

    /// The same for a run, which says meanwhile that it is at work, and may be stopped.
    pub(super) fn count_for(
        &mut self,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        backlog: Option<UnixTime>,
        limits: &mut Limits<'_>,
    ) -> Result<ControlFlow<Stopped, Census>> {
        let (mut seen, mut after) = (Census::default(), None);
        loop {
            let scope = scope(&self.policies, request, now);
            let look = Look { store: self.store.as_ref(), scope: &scope, backlog };
            let (found, last) = look.next(after.as_ref())?;
            seen.add(found.census);
            if last.is_none() {
                return Ok(ControlFlow::Continue(seen));
            }
            after = last;
            self.limit_statements(limits.until);
            if let Some(stopped) = self.may_go_on(shift, &Progress::default(), limits)? {
                return Ok(ControlFlow::Break(stopped));
            }
        }
    }

    /// Counts the rows behind a key for at most about so long, and answers whether
    /// those were all.
    pub(super) fn count_behind(
        &self,
        scope: &Scope<'_>,
        after: Option<&Place>,
        time: Duration,
    ) -> Result<(Seen, bool)> {
        let begun = Instant::now();
        let mut seen = Seen::default();
        let look = Look { store: self.store.as_ref(), scope, backlog: None };
        let all = look.visit(after.cloned(), &mut |found| {
            seen.add(found);
            if begun.elapsed() < time { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((seen, all))
    }
}

/// What a look is about.
#[derive(Clone, Copy)]
struct Look<'a> {
    store: &'a dyn Store,
    scope: &'a Scope<'a>,
    /// See [`Reach::backlog`].
    backlog: Option<UnixTime>,
}

impl Look<'_> {
    /// Counts look by look until there are no more rows or it is enough, and answers
    /// whether those were all.
    fn visit(
        self,
        mut after: Option<Place>,
        visit: &mut dyn FnMut(Seen) -> ControlFlow<()>,
    ) -> Result<bool> {
        loop {
            let (found, last) = self.next(after.as_ref())?;
            let enough = visit(found).is_break();
            match last {
                None => return Ok(true),
                Some(_) if enough => return Ok(false),
                last => after = last,
            }
        }
    }

    /// The next rows, and the last of them.
    fn next(self, after: Option<&Place>) -> Result<(Seen, Option<Place>)> {
        let time = if self.store.log_size()?.is_some() { LOOK } else { LOOK_WITHOUT_A_LOG };
        let reach = Reach { time, backlog: self.backlog, ..Reach::ALL };
        let survey = self.store.survey(self.scope, after, reach)?;
        let Survey { census, misfit, kept, last, .. } = survey;
        Ok((Seen { census, misfit, kept }, last))
    }
}

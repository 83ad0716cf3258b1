//! Standing of rows by the rules of the framework and the stricter ones of the configuration.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::adopted_table::Adopted;
use super::reader::TableReader;
use crate::domain::error::Result;
use crate::domain::policy::{UserExcess, UserSessions};
use crate::domain::profile::{Expiry, RowStatus, SessionTimes, SessionUser, SqlValueRef, Standing};
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::store::database::{Database, RowRef};

impl TableReader {
    /// Columns of a snapshot, and the user.
    pub(super) fn owned_columns(&self) -> String {
        format!("{}, {}", self.snapshot_columns(), self.user())
    }

    /// Position of the user in a row of [`owned_columns`](Self::owned_columns).
    pub(super) fn user_at(&self) -> usize {
        self.inputs_at() + self.input_expressions().len().max(1)
    }

    /// Standing of a session with these inputs; `exceeds` decides on the limit of its user.
    pub(super) fn standing(
        &self,
        expiry: Expiry,
        inputs: &[SqlValueRef<'_>],
        now: UnixTime,
        exceeds: impl FnOnce(&SessionTimes) -> bool,
    ) -> Standing {
        let rules = &self.profile.stricter;
        if !rules.is_set() {
            return if expiry.is_expired(now) { Standing::Expired } else { Standing::Live };
        }
        let mut times = self.profile.session_times(expiry, inputs);
        times.exceeds_user_limit = exceeds(&times);
        rules.standing(&times, now)
    }

    /// Reports whether a row with these inputs is due, whatever its user has besides.
    pub(super) fn is_due(&self, inputs: &[SqlValueRef<'_>], now: UnixTime) -> bool {
        let RowStatus::Session(expiry) = self.profile.judge(inputs) else { return false };
        self.standing(expiry, inputs, now, |_| false).deletion_reason().is_some()
    }

    /// Reports whether the session of a row of [`owned_columns`](Self::owned_columns) exceeds the
    /// limit of its user.
    pub(super) fn exceeds_limit(
        &self,
        excess: &UserExcess,
        row: &dyn RowRef,
        times: &SessionTimes,
    ) -> bool {
        if excess.is_empty() {
            return false;
        }
        match self.owner_at(row, self.user_at()) {
            SessionUser::User(user) => {
                let handle = self.id_digest_at(row, self.after_key()).handle();
                excess.includes(&user, times, &handle)
            }
            SessionUser::Nobody | SessionUser::Unreadable => false,
        }
    }
}

impl<T: Database> Adopted<T> {
    pub(super) fn find_excess(&self, now: UnixTime, time: Duration) -> Result<UserExcess> {
        find_excess(&self.database, &self.reader, now, time)
    }
}

/// Finds the users above their limit, in reads of about this duration. Sessions without a user, and
/// those whose user cannot be read, are left alone.
fn find_excess(
    database: &impl Database,
    reader: &TableReader,
    now: UnixTime,
    time: Duration,
) -> Result<UserExcess> {
    if reader.profile.stricter.user_limit == 0 {
        return Ok(UserExcess::default());
    }
    let mut users = UserSessions::new(reader.profile.stricter, now);
    let mut after: Option<SessionKey> = None;
    loop {
        let (started, mut last) = (Instant::now(), None);
        let mut page = |row: Option<&dyn RowRef>| {
            let mut sql = reader.select(&reader.owned_columns());
            sql.push(" WHERE TRUE");
            if let (Some(after), None) = (&after, row) {
                reader.key.push_compared(sql.push(" AND "), ">", after);
            }
            reader.order_by_key(&mut sql, row, false);
            sql
        };
        database.query_pages(&mut page, &mut |row| {
            add_to(&mut users, reader, row);
            last = if started.elapsed() >= time { reader.key_of(row) } else { None };
            Ok(if last.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        after = last;
        if after.is_none() {
            return Ok(users.into_excess());
        }
    }
}

fn add_to(users: &mut UserSessions, reader: &TableReader, row: &dyn RowRef) {
    let RowStatus::Session(expiry) = reader.judge(row) else { return };
    let times = reader.with_inputs(row, reader.inputs_at(), |inputs| {
        reader.profile.session_times(expiry, inputs)
    });
    if users.counts(&times)
        && let SessionUser::User(user) = reader.owner_at(row, reader.user_at())
    {
        users.add(user, &times, &reader.id_digest_at(row, reader.after_key()).handle());
    }
}

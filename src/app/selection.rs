//! Selection of sessions: conditions on each one, and on all that match together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::ops::{Bound, ControlFlow};

use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::filter::{Filter, recency};
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{Order, SessionQuery, SortKey, VisitResult};

/// Sessions that are looked up together.
const BATCH: usize = 250;

/// Sessions that a filter selects.
pub(super) struct Selection<'a> {
    pub(super) filter: &'a Filter,
    /// The sessions by their keys, if they were chosen from all that match.
    chosen: Option<BTreeMap<SessionKey, Chosen>>,
    /// Restriction to sessions without an end, not even one in the future.
    is_unended: bool,
    /// Sessions that match except for the user, which is unreadable, as far as they were counted
    /// when the others were chosen.
    pub(super) unreadable_users: u64,
}

/// A session as it was when it was chosen.
struct Chosen {
    handle: String,
    recency: Option<UnixTime>,
}

/// The next sessions of a selection.
pub(super) struct SelectedBatch {
    pub(super) sessions: Vec<Session>,
    /// Key after which the next batch begins; `None`: there is none.
    pub(super) next: Option<SessionKey>,
    /// Sessions that match except for the user, which is unreadable.
    pub(super) unreadable_users: u64,
}

/// The newest sessions of each user.
struct NewestByUser {
    number: usize,
    users: HashMap<String, BinaryHeap<Reverse<Ranked>>>,
}

/// A session with its rank: by recency, then by the order of the scan.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    recency: Option<UnixTime>,
    place: usize,
    key: SessionKey,
    handle: String,
}

impl NewestByUser {
    /// Adds a session; returns the one that is no longer among the newest of its user.
    fn displace(&mut self, user: Option<&str>, session: Ranked) -> Option<Ranked> {
        let user = user.unwrap_or_default();
        if !self.users.contains_key(user) {
            self.users.insert(user.to_owned(), BinaryHeap::new());
        }
        let newest = self.users.get_mut(user)?;
        newest.push(Reverse(session));
        let is_full = newest.len() > self.number;
        if is_full { newest.pop().map(|Reverse(oldest)| oldest) } else { None }
    }
}

impl Selection<'_> {
    /// Reports whether a session that matches was also chosen, and was not used since then.
    fn has_chosen(&self, session: &Session, recency: Option<UnixTime>) -> bool {
        self.chosen.as_ref().is_none_or(|chosen| {
            chosen.get(&session.key).is_some_and(|chosen| chosen.recency == recency)
        })
    }

    /// At most this many keys after one, with the handles, if the keys are known.
    fn keys_after(
        &self,
        after: Option<&SessionKey>,
        max: usize,
    ) -> Option<Vec<(SessionKey, String)>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        if let Some(chosen) = &self.chosen {
            let keys = chosen.range::<SessionKey, _>(range).take(max);
            return Some(keys.map(|(key, chosen)| (key.clone(), chosen.handle.clone())).collect());
        }
        let keys = self.filter.sessions.as_ref()?.range::<SessionKey, _>(range).take(max);
        Some(keys.map(|(key, handle)| (key.clone(), handle.clone())).collect())
    }
}

impl SessionService {
    /// Selects the sessions that match a filter: of these, all but the newest of each user if the
    /// filter says so, and at most `limit`, the longest unused first.
    pub(super) fn select<'a>(
        &self,
        filter: &'a Filter,
        limit: Option<u64>,
        is_unended: bool,
        now: UnixTime,
    ) -> Result<Selection<'a>> {
        filter.check(self.profile())?;
        let mut selection = Selection { filter, chosen: None, is_unended, unreadable_users: 0 };
        if filter.keep_newest.is_some() || limit.is_some() {
            let (chosen, unreadable_users) = self.choose(&selection, limit, now)?;
            (selection.chosen, selection.unreadable_users) = (Some(chosen), unreadable_users);
        }
        Ok(selection)
    }

    fn choose(
        &self,
        selection: &Selection<'_>,
        limit: Option<u64>,
        now: UnixTime,
    ) -> Result<(BTreeMap<SessionKey, Chosen>, u64)> {
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let by = if limit.is_some() { SortKey::Idle } else { SortKey::Handle };
        let keep = selection.filter.keep_newest;
        let mut newest = keep.map(|number| NewestByUser { number, users: HashMap::new() });
        let (mut found, mut place) = (Vec::new(), 0);
        let order = Order { by, reverse: false };
        let unreadable_users = self.visit_selected(selection, order, now, &mut |session| {
            place += 1;
            let recency = recency(self.profile(), &session);
            let ranked = Ranked { recency, place, key: session.key, handle: session.handle };
            match &mut newest {
                Some(newest) => found.extend(newest.displace(session.user.as_deref(), ranked)),
                None => found.push(ranked),
            }
            let is_full = newest.is_none() && limit.is_some_and(|limit| found.len() >= limit);
            Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        found.sort_unstable_by_key(|ranked| ranked.place);
        found.truncate(limit.unwrap_or(usize::MAX));
        let chosen = |it: Ranked| (it.key, Chosen { handle: it.handle, recency: it.recency });
        Ok((found.into_iter().map(chosen).collect(), unreadable_users))
    }

    /// Visits the selected sessions in an order; returns the number of those that match except
    /// for the user, which is unreadable.
    pub(super) fn visit_selected(
        &self,
        selection: &Selection<'_>,
        order: Order,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<u64> {
        if order == Order::default() && selection.keys_after(None, 0).is_some() {
            return self.visit_by_key(selection, now, visit);
        }
        self.scan_selected(selection, order, None, now, visit)
    }

    /// Visits the selected sessions that a purge would change, in key order; returns the number
    /// of those that match except for the user, which is unreadable.
    pub(super) fn visit_due(
        &self,
        selection: &Selection<'_>,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<u64> {
        let scope = self.scope(None, now);
        let (order, filter) = (Order::default(), selection.filter);
        self.scan_where(
            selection,
            &SessionQuery { scope, filter, due_only: true, after: None, order },
            visit,
        )
    }

    fn visit_by_key(
        &self,
        selection: &Selection<'_>,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<u64> {
        let (mut after, mut unreadable_users) = (None, 0);
        loop {
            let batch = self.next_selected(selection, now, after.as_ref(), BATCH)?;
            unreadable_users += batch.unreadable_users;
            for session in batch.sessions {
                if visit(session)?.is_break() {
                    return Ok(unreadable_users);
                }
            }
            after = batch.next;
            if after.is_none() {
                return Ok(unreadable_users);
            }
        }
    }

    fn scan_selected(
        &self,
        selection: &Selection<'_>,
        order: Order,
        after: Option<&SessionKey>,
        now: UnixTime,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<u64> {
        let (scope, filter) = (self.scope(None, now), selection.filter);
        let query = SessionQuery { scope, filter, due_only: false, after, order };
        self.scan_where(selection, &query, visit)
    }

    fn scan_where(
        &self,
        selection: &Selection<'_>,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<u64> {
        let scanned = self.store.scan(query, &mut |session| {
            let is_selected = !(selection.is_unended && session.end.is_some())
                && selection.has_chosen(&session, recency(self.profile(), &session));
            if is_selected { visit(session) } else { Ok(ControlFlow::Continue(())) }
        })?;
        Ok(scanned.unreadable_users)
    }

    /// Returns at most `max` selected sessions after a key, in key order, as they are now.
    pub(super) fn next_selected(
        &self,
        selection: &Selection<'_>,
        now: UnixTime,
        after: Option<&SessionKey>,
        max: usize,
    ) -> Result<SelectedBatch> {
        let mut batch = match selection.keys_after(after, max) {
            Some(keys) => self.find_selected(selection, keys, max, now)?,
            None => self.scan_batch(selection, now, after, max)?,
        };
        let named = batch.sessions.into_iter().map(|session| self.with_task_name(session));
        batch.sessions = named.collect::<Result<_>>()?;
        Ok(batch)
    }

    fn scan_batch(
        &self,
        selection: &Selection<'_>,
        now: UnixTime,
        after: Option<&SessionKey>,
        max: usize,
    ) -> Result<SelectedBatch> {
        let (mut sessions, mut next) = (Vec::new(), None);
        let order = Order::default();
        let unreadable_users =
            self.scan_selected(selection, order, after, now, &mut |session| {
                let is_full = sessions.len() + 1 >= max;
                next = is_full.then(|| session.key.clone());
                sessions.push(session);
                Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
        Ok(SelectedBatch { sessions, next, unreadable_users })
    }

    fn find_selected(
        &self,
        selection: &Selection<'_>,
        named: Vec<(SessionKey, String)>,
        max: usize,
        now: UnixTime,
    ) -> Result<SelectedBatch> {
        let Selection { filter, is_unended, .. } = *selection;
        let is_full = named.len() >= max;
        let next = named.last().filter(|_| is_full).map(|(key, _)| key.clone());
        let (keys, handles): (Vec<SessionKey>, Vec<String>) = named.into_iter().unzip();
        let found = self.store.find(&keys)?.into_iter().zip(handles);
        let found = found.filter_map(|(session, handle)| Some(Session { handle, ..session? }));
        let (mut sessions, mut unreadable_users) = (Vec::new(), 0);
        for session in found.filter(|session| !(is_unended && session.end.is_some())) {
            unreadable_users += u64::from(filter.might_match(&session, &self.policies, now));
            if filter.matches(&session, &self.policies, now)
                && selection.has_chosen(&session, recency(self.profile(), &session))
            {
                sessions.push(session);
            }
        }
        Ok(SelectedBatch { sessions, next, unreadable_users })
    }
}

//! Admission: one list of statements, of which each has its condition in it, so
//! that nobody has to read in between.

use super::{COLUMNS, ended_session, new_row, rules, stat};
use crate::domain::error::Result;
use crate::domain::policy::{Expire, Policies, Policy, WhenFull};
use crate::domain::port::{Admission, Full, NewSession};
use crate::domain::session::EndReason;
use crate::store::sql::Statement;
use crate::store::transport::Transport;

/// An index that a limit pays for.
struct Index {
    limit: fn(&Policy) -> u64,
    name: &'static str,
    columns: &'static str,
}

/// Without these, each open under a limit reads all of a large table, and nobody can
/// write meanwhile. Without limits they would only cost: with a million sessions, a
/// purge takes half as long again with the first and thirteen times as long with the
/// second, whose order is random against the key.
const INDEXES: [Index; 2] = [
    Index { limit: |policy| policy.limit, name: "live_by_task", columns: "task" },
    Index { limit: |policy| policy.user_limit, name: "live_by_user", columns: "user, task" },
];

/// Makes those that these policies want and drops the others.
pub(super) fn indexes(policies: &Policies) -> Vec<Statement> {
    let statement = |Index { limit, name, columns }: &Index| {
        Statement::new(&if policies.all().any(|policy| limit(policy) > 0) {
            format!(
                "CREATE INDEX IF NOT EXISTS {name} ON sessions ({columns}) WHERE ended_at IS NULL"
            )
        } else {
            format!("DROP INDEX IF EXISTS {name}")
        })
    };
    INDEXES.iter().map(statement).collect()
}

/// Opens a session where the limits of its policy leave room, or make some.
pub(super) fn admit(
    transport: &mut impl Transport,
    session: &NewSession,
    policy: &Policy,
    tell: bool,
) -> Result<Admission> {
    let door = Door { session, policy };
    let mut list = List { door, tell, statements: Vec::new(), told: Vec::new(), ends: Vec::new() };
    if door.clears_up() {
        list.end(Door::over, Door::is_over);
    }
    let open = list.add(door.open());
    list.end(
        |_, sql| {
            sql.push("'").push(EndReason::Evicted.as_str()).push("'");
        },
        Door::is_evicted,
    );
    list.add(door.count_refusal());
    list.add(stat::note_peak_of_a_small_table(&session.task));
    // Behind all that writes: where the answer is lost, it is asked once more.
    let full = list.add(door.what_is_full());

    let applied = transport.apply(&list.statements)?;
    let rows = |place: &usize| applied.rows[*place];
    let told = list.told.iter().flat_map(|place| &applied.answers[*place]);
    // What was full may have room again by the time at which it is asked once more.
    let is_user =
        policy.limit == 0 || applied.answers[full].first().is_some_and(|row| row.0[0] == 1.into());
    let full = if is_user { Full::User } else { Full::Task };
    let ended = list.ends.iter().map(rows).sum();
    Ok(Admission {
        outcome: if rows(&open) > 0 { Ok(()) } else { Err(full) },
        ended,
        told: told.filter_map(|row| ended_session(row, session.created_at)).collect(),
        untold: if tell && applied.answers_lost { ended } else { 0 },
    })
}

/// What writes a part of a statement.
type Write<T> = fn(&T, &mut Statement);

/// A session that wants to open, and the rules for that.
#[derive(Clone, Copy)]
struct Door<'a> {
    session: &'a NewSession,
    policy: &'a Policy,
}

/// The statements of an admission.
struct List<'a> {
    door: Door<'a>,
    tell: bool,
    statements: Vec<Statement>,
    /// Those that read what is about to end.
    told: Vec<usize>,
    /// Those that end it.
    ends: Vec<usize>,
}

impl<'a> List<'a> {
    fn add(&mut self, statement: Statement) -> usize {
        self.statements.push(statement);
        self.statements.len() - 1
    }

    /// Ends the sessions that a condition selects, for the reason that an
    /// expression gives.
    fn end(&mut self, reason: Write<Door<'a>>, condition: Write<Door<'a>>) {
        let door = self.door;
        let of_those = |mut sql: Statement| {
            sql.push(" WHERE ");
            condition(&door, &mut sql);
            sql
        };
        if self.tell {
            let mut rows = Statement::new("SELECT ");
            rows.push(COLUMNS).push(", ");
            reason(&door, &mut rows);
            rows.push(" FROM sessions");
            let place = self.add(of_those(rows));
            self.told.push(place);
        }
        let end = if rules::discards(door.policy) {
            let mut count = of_those(stat::discarded_for(|sql| reason(&door, sql)));
            count.push(stat::ADDED_UP);
            self.add(count);
            Statement::new("DELETE FROM sessions")
        } else {
            let mut end = Statement::new("UPDATE sessions SET ended_at = ");
            end.bind(door.session.created_at).push(", end_reason = ");
            reason(&door, &mut end);
            end
        };
        let place = self.add(of_those(end));
        self.ends.push(place);
    }
}

impl Door<'_> {
    /// Whether sessions end before the others are counted.
    fn clears_up(&self) -> bool {
        self.policy.lifetime.is_some()
            || self.ends_abandoned()
            || self.policy.when_full == WhenFull::Refuse
    }

    /// Whether the abandoned ones do, whatever the purge would do with them.
    fn ends_abandoned(&self) -> bool {
        self.policy.when_full == WhenFull::EvictIdle
            && matches!(self.policy.expire, Expire::Timeout | Expire::Abandoned)
    }

    /// The reason for which a session ends before that, or NULL.
    fn over(&self, sql: &mut Statement) {
        let now = self.session.created_at;
        if self.policy.when_full == WhenFull::Refuse {
            return rules::over(sql, self.policy, now);
        }
        sql.push("CASE WHEN FALSE THEN NULL");
        if self.ends_abandoned() {
            sql.push(" WHEN last_used_at + max(idle_timeout, ").bind(self.policy.abandoned);
            sql.push(") < ").bind(now).push(" THEN 'abandoned'");
        }
        rules::when_over_lifetime(sql, self.policy, now);
        sql.push(" END");
    }

    fn is_over(&self, sql: &mut Statement) {
        if self.policy.limit > 0 {
            self.counts(sql);
        } else {
            self.counts_for_user(sql);
        }
        sql.push(" AND ");
        self.over(sql);
        sql.push(" IS NOT NULL");
    }

    /// The sessions of the task that have not ended.
    fn counts(&self, sql: &mut Statement) {
        sql.push("task = ").bind(self.session.task.as_str()).push(" AND ended_at IS NULL");
    }

    /// Those of its user.
    fn counts_for_user(&self, sql: &mut Statement) {
        self.counts(sql);
        sql.push(" AND user = ").bind(self.session.user.as_deref());
    }

    /// Those of them that may be evicted.
    fn may_go(&self, sql: &mut Statement) {
        match self.policy.when_full {
            WhenFull::EvictIdle => {
                sql.push("last_used_at + idle_timeout < ").bind(self.session.created_at);
            }
            WhenFull::EvictLru => {
                sql.push("TRUE");
            }
            WhenFull::Refuse => {
                sql.push("FALSE");
            }
        }
    }

    /// The limits in force, with the sessions that each of them is about.
    fn limits(&self) -> impl Iterator<Item = (u64, Write<Self>)> {
        let limits: [(u64, Write<Self>); 2] =
            [(self.policy.limit, Self::counts), (self.policy.user_limit, Self::counts_for_user)];
        limits.into_iter().filter(|(limit, _)| *limit > 0)
    }

    /// Inserts the row, if each limit leaves room or has a session to evict. Where
    /// the key is taken it tries at once, so that this fails: from here on there is
    /// such a row only if the session is open.
    fn open(&self) -> Statement {
        let mut sql = new_row(self.session);
        sql.push(" WHERE ");
        self.is_open(&mut sql);
        sql.push(" OR TRUE");
        for (limit, whose) in self.limits() {
            sql.push(" AND ((SELECT count(*) FROM sessions WHERE ");
            whose(self, &mut sql);
            sql.push(") < ").bind(limit).push(" OR EXISTS (SELECT 1 FROM sessions WHERE ");
            whose(self, &mut sql);
            sql.push(" AND ");
            self.may_go(&mut sql);
            sql.push("))");
        }
        sql
    }

    fn is_open(&self, sql: &mut Statement) {
        sql.push("EXISTS (SELECT 1 FROM sessions WHERE id = ").bind(&self.session.key).push(")");
    }

    /// The one session that makes way, if the new one is above a limit: one of
    /// its user's if that is the user's, which makes way in the task, too.
    fn is_evicted(&self, sql: &mut Statement) {
        self.is_open(sql);
        sql.push(" AND id = CASE WHEN FALSE THEN NULL");
        let mut limits: Vec<_> = self.limits().collect();
        limits.reverse();
        for (limit, whose) in limits {
            sql.push(" WHEN (SELECT count(*) FROM sessions WHERE ");
            whose(self, sql);
            sql.push(") > ").bind(limit).push(" THEN (SELECT id FROM sessions WHERE ");
            whose(self, sql);
            sql.push(" AND id <> ").bind(&self.session.key).push(" AND ");
            self.may_go(sql);
            sql.push(" ORDER BY last_used_at, id LIMIT 1)");
        }
        sql.push(" END");
    }

    fn count_refusal(&self) -> Statement {
        let mut sql = stat::refused(&self.session.task);
        sql.push(" WHERE NOT ");
        self.is_open(&mut sql);
        sql.push(stat::ADD);
        sql
    }

    /// Whether the user's limit keeps the session out, if it is out.
    fn what_is_full(&self) -> Statement {
        let mut sql = Statement::new("SELECT (SELECT count(*) FROM sessions WHERE ");
        self.counts_for_user(&mut sql);
        sql.push(") >= ").bind(self.policy.user_limit).push(" AND ").bind(self.policy.user_limit);
        sql.push(" > 0 WHERE NOT ");
        self.is_open(&mut sql);
        sql
    }
}

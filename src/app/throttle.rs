//! How many rows one write transaction of a purge takes on, and how long the purge
//! keeps still between two of them.
//!
//! SQLite's lock on writing is not fair: who finds it taken sleeps for a millisecond,
//! then two, five, ten, up to a hundred, and whoever comes while it sleeps goes first. A
//! purge that comes straight back starves the others. So where there are others, it
//! holds the lock for less than half of the time that it may, 0.8 ms unless something
//! else is asked for, and then leaves it alone for twice as long: who has found it taken
//! finds it free after the first sleep.

use std::time::Duration;

use crate::storage::{DataVersion, PurgeBatchResult, VacuumStep};

/// The least that a batch has, unless rows take so long that this many would hold the lock
/// for [`TOO_LONG`] times what they should: then it may be a single one. With few rows, what
/// a batch takes says little of each.
const FEWEST: usize = 16;
const TOO_LONG: f64 = 4.0;
/// The most that a batch ever has.
const MOST: usize = 100_000;
/// The most where nobody else is there: a table with indexes of its own is rewritten with
/// each batch, so that few large ones are quickest. Each row that is due takes some
/// memory until then.
const MOST_ALONE: usize = 200_000;
/// With how many such a run begins, and how long it looks for them.
const FIRST_ALONE: usize = 4_096;
const LONGEST_LOOK_ALONE: Duration = Duration::from_secs(2);
/// By which part of itself a batch grows again that is as large as the room allowed.
const GROWTH: usize = 16;
/// How much the last batch counts against those before it.
const WEIGHT: f64 = 0.3;
/// How long to stay gentle, in batches: at first, when nothing is known of the others,
/// and after a sign of them.
const AT_FIRST: u32 = 8;
const AFTER_A_SIGN: u32 = 50;
/// The lock was free if it came within this time.
const AT_ONCE: Duration = Duration::from_micros(300);
/// For how long the lock is left alone beside others, in times that it was held.
const LEAVE: f64 = 2.0;
/// Which part of the hold is aimed at beside others.
const PART: f64 = 0.4;
/// Whatever happened: nobody is helped by a longer pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// No hold that anyone asks for is longer.
const LONGEST_HOLD: Duration = Duration::from_secs(10);
/// What a run aims at that has the database for itself.
const UNHURRIED: Duration = Duration::from_secs(2);

/// What a write transaction has taken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WriteTiming {
    /// For how long it held the write lock.
    pub(super) hold: Duration,
    /// The part of that which went into the commit; zero if that is not known.
    pub(super) commit: Duration,
    /// For how long it waited for the lock.
    pub(super) waited: Duration,
}

impl From<&PurgeBatchResult> for WriteTiming {
    fn from(settled: &PurgeBatchResult) -> Self {
        let PurgeBatchResult { hold, commit, waited, .. } = *settled;
        Self { hold, commit, waited }
    }
}

impl From<&VacuumStep> for WriteTiming {
    fn from(released: &VacuumStep) -> Self {
        Self { hold: released.hold, ..Self::default() }
    }
}

/// Sizes batches so that each holds the write lock for about as long as it should.
///
/// 1. A batch costs so much for the transaction itself, which is the least that a
///    commit has taken, and so much for each row, a moving average.
/// 2. The next batch has as many rows as the aim has room for, at most twice as many
///    as the last.
/// 3. Where a commit alone takes as long as the aim or longer, as without a
///    write-ahead log, on a slow disk or on a cluster, it has as many rows as make half of
///    the hold useful.
/// 4. Where others make commits take longer than the least, the rows cost more by this,
///    and batches shrink; but not below those whose work, by itself, takes as long as the
///    least commit. What is left of the hold then is not the purge's, and shorter batches
///    would not make it shorter: they would be all overhead, and never grow again. What
///    the others get is a pause that is longer with each hold.
#[derive(Debug, Clone)]
pub(super) struct Throttle {
    aim: Duration,
    /// Nobody else writes, says the user.
    alone: bool,
    rows: usize,
    /// The least that it ever is.
    fewest: usize,
    /// The most that the file system has had room for, if it has run out of it.
    ceiling: Option<usize>,
    /// Seconds.
    per_row: Option<f64>,
    /// The same without what commits have taken.
    work_per_row: Option<f64>,
    per_commit: Option<f64>,
    gentle: u32,
    version: Option<DataVersion>,
    last_hold: Duration,
}

impl Throttle {
    /// Starts small: nothing is known yet of the machine and its load.
    pub(super) fn aiming_at(aim: Duration) -> Self {
        Self {
            aim: aim.min(LONGEST_HOLD),
            alone: false,
            rows: FEWEST * 4,
            fewest: FEWEST,
            ceiling: None,
            per_row: None,
            work_per_row: None,
            per_commit: None,
            gentle: AT_FIRST,
            version: None,
            last_hold: Duration::ZERO,
        }
    }

    /// That of a run which need not think of others.
    pub(super) fn regardless() -> Self {
        Self { alone: true, rows: FIRST_ALONE, ..Self::aiming_at(UNHURRIED) }
    }

    /// The same, but that a single row may take as long as a batch should.
    pub(super) fn beginning_with_one(self) -> Self {
        Self { rows: 1, fewest: 1, ..self }
    }

    /// How many due rows the next batch takes on.
    pub(super) fn rows(&self) -> usize {
        self.ceiling.map_or(self.rows, |ceiling| self.rows.min(ceiling))
    }

    /// Learns that the file system has no room for a batch of so many rows. Answers
    /// whether a smaller one is worth trying.
    pub(super) fn shrink(&mut self, rows: usize) -> bool {
        self.ceiling = Some((rows / 2).max(1));
        rows > 1
    }

    /// Reports whether the file system has run out of room.
    pub(super) fn is_cramped(&self) -> bool {
        self.ceiling.is_some()
    }

    /// How long to look for them. The batch will go over the same rows again under the
    /// lock, in less time.
    pub(super) fn look(&self) -> Duration {
        if self.alone { LONGEST_LOOK_ALONE } else { (self.aim * 2).min(LONGEST_PAUSE) }
    }

    /// Whether others may be writing.
    pub(super) const fn is_gentle(&self) -> bool {
        self.gentle > 0 && !self.alone
    }

    fn aim(&self) -> Duration {
        if self.is_gentle() { self.aim.mul_f64(PART) } else { self.aim }
    }

    /// Learns the state of the database before a batch.
    pub(super) fn notice(&mut self, version: Option<DataVersion>) {
        if self.version.is_some() && self.version != version {
            self.gentle = AFTER_A_SIGN;
        }
        self.version = version;
    }

    /// Learns what a batch of so many due rows took.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers lie within [1, MOST_ALONE]"
    )]
    pub(super) fn learn(&mut self, done: u64, cost: impl Into<WriteTiming>) {
        let cost = cost.into();
        self.last_hold = cost.hold;
        self.gentle = self.gentle.saturating_sub(1);
        if cost.waited > AT_ONCE {
            self.gentle = AFTER_A_SIGN;
        }
        // What has no time was found out afterwards, and says nothing of the next.
        if done == 0 || cost.hold.is_zero() {
            return;
        }
        let (hold, commit) = (cost.hold.as_secs_f64(), cost.commit.as_secs_f64());
        let least = self.per_commit.map_or(commit, |least| least.min(commit));
        self.per_commit = Some(least);
        let row = average(&mut self.per_row, (hold - least).max(1e-9) / done as f64);
        let work = average(&mut self.work_per_row, (hold - commit) / done as f64);
        let wanted = (self.aim().as_secs_f64() - least).max(least) / row;
        let useful = if work > 0.0 { least / work } else { 0.0 };
        let most = if self.alone { MOST_ALONE } else { MOST };
        let is_too_slow = work * FEWEST as f64 > self.aim.as_secs_f64() * TOO_LONG;
        let fewest = if is_too_slow { 1 } else { self.fewest };
        self.rows = (wanted.max(useful) as usize).min(self.rows * 2).clamp(fewest, most);
        // Room may have come free. A batch that finds none has cost little.
        self.ceiling = self
            .ceiling
            .map(|ceiling| ceiling + ceiling.div_ceil(GROWTH))
            .filter(|ceiling| *ceiling < most);
    }

    /// How long to keep still, if the lock has been left alone for this time and will
    /// be for that of another look ahead.
    pub(super) fn pause(&self, left_alone: Duration) -> Duration {
        if self.is_gentle() {
            let wanted = self.last_hold.max(self.aim()).mul_f64(LEAVE);
            wanted.saturating_sub(left_alone).min(LONGEST_PAUSE)
        } else {
            Duration::ZERO
        }
    }
}

/// Adds a value to a moving average.
fn average(average: &mut Option<f64>, last: f64) -> f64 {
    *average.insert(average.map_or(last, |before| before + WEIGHT * (last - before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AIM: Duration = Duration::from_millis(2);

    /// A machine on which a commit and a row take so long.
    fn cost(rows: usize, per_row: Duration, commit: Duration) -> WriteTiming {
        let hold = commit + per_row * u32::try_from(rows).unwrap();
        WriteTiming { hold, commit, ..WriteTiming::default() }
    }

    /// The size at which batches settle there.
    fn size_where(per_row: Duration, commit: Duration) -> usize {
        let mut pace = Throttle::aiming_at(AIM);
        for _ in 0..60 {
            pace.learn(pace.rows() as u64, cost(pace.rows(), per_row, commit));
        }
        pace.rows()
    }

    #[test]
    fn it_settles_where_a_batch_takes_the_time_that_it_should() {
        assert_eq!(size_where(Duration::from_micros(4), Duration::ZERO), 500);
        assert_eq!(size_where(Duration::from_micros(4), Duration::from_micros(400)), 400);
    }

    #[test]
    fn where_nobody_else_is_there_batches_grow_from_small_ones() {
        let mut pace = Throttle::regardless();
        let mut sizes = vec![pace.rows()];
        for _ in 0..8 {
            pace.learn(
                pace.rows() as u64,
                cost(pace.rows(), Duration::from_micros(4), Duration::ZERO),
            );
            sizes.push(pace.rows());
        }
        assert_eq!(sizes[..3], [4_096, 8_192, 16_384]);
        assert_eq!(sizes[8], MOST_ALONE);
    }

    #[test]
    fn where_a_commit_takes_longer_half_of_the_hold_is_work() {
        assert_eq!(size_where(Duration::from_micros(4), Duration::from_millis(8)), 2000);
    }

    /// The size and the pause after many batches on a cluster beside others: a request
    /// takes 2.5 ms and this wait besides, and its work 0.3 ms and so much for each row.
    fn on_a_cluster(pace: &mut Throttle, per_row: Duration, wait: Duration) -> (usize, Duration) {
        let (commit, fixed) = (Duration::from_micros(2_500) + wait, Duration::from_micros(300));
        for batch in 0..60 {
            pace.notice(Some(DataVersion(batch)));
            let hold = cost(pace.rows(), per_row, commit + fixed).hold;
            pace.learn(pace.rows() as u64, WriteTiming { hold, commit, ..WriteTiming::default() });
        }
        (pace.rows(), pace.pause(Duration::ZERO))
    }

    #[test]
    fn on_a_cluster_that_others_keep_busy_pauses_grow_and_batches_stay_of_use() {
        let mut pace = Throttle::aiming_at(AIM);
        let row = Duration::from_micros(5);
        let (rows, pause) = on_a_cluster(&mut pace, row, Duration::ZERO);
        assert!((435..=445).contains(&rows) && pause < Duration::from_millis(11), "{rows}");
        // When others make each request wait for long, no batch is all overhead
        let (rows, pause) = on_a_cluster(&mut pace, row, Duration::from_millis(20));
        assert!((435..=445).contains(&rows) && pause > Duration::from_millis(49), "{rows}");
        // When the work itself takes longer, batches shrink, and grow again afterwards
        let (rows, _) = on_a_cluster(&mut pace, row * 4, Duration::from_millis(20));
        assert!((105..=115).contains(&rows), "{rows}");
        let (rows, _) = on_a_cluster(&mut pace, row, Duration::ZERO);
        assert!((435..=445).contains(&rows), "{rows}");
    }

    #[test]
    fn it_backs_off_at_once_and_grows_by_doubling_at_most() {
        let mut pace = Throttle::aiming_at(AIM);
        pace.learn(64, cost(64, Duration::from_nanos(10), Duration::ZERO));
        assert_eq!(pace.rows(), 128);
        pace.learn(128, cost(128, Duration::from_millis(80), Duration::ZERO));
        assert_eq!(pace.rows(), 1);
        // A row that takes a little long makes no batch of less than the fewest
        let mut pace = Throttle::aiming_at(AIM);
        pace.learn(64, cost(64, Duration::from_micros(400), Duration::ZERO));
        assert_eq!(pace.rows(), FEWEST);
    }

    #[test]
    fn where_a_row_takes_longer_than_the_hold_a_batch_has_one() {
        let row = Duration::from_millis(140);
        assert_eq!(size_where(row, Duration::from_micros(400)), 1);
        for pace in [Throttle::aiming_at(AIM), Throttle::regardless()] {
            let mut pace = pace.beginning_with_one();
            assert_eq!(pace.rows(), 1);
            // And where rows take no longer than elsewhere after all, they soon grow
            pace.learn(1, cost(1, Duration::from_micros(4), Duration::ZERO));
            assert_eq!(pace.rows(), 2);
        }
        let mut pace = Throttle::aiming_at(AIM).beginning_with_one();
        (0..20).for_each(|_| pace.learn(1, cost(1, row, Duration::ZERO)));
        assert_eq!(pace.rows(), 1);
    }

    #[test]
    fn it_starts_gently_and_ends_so_when_nobody_else_is_there() {
        let mut pace = Throttle::aiming_at(AIM);
        let batch = cost(500, Duration::from_micros(4), Duration::ZERO);
        for _ in 0..AT_FIRST {
            assert!(pace.is_gentle());
            pace.notice(Some(DataVersion(1)));
            pace.learn(500, batch);
        }
        assert!(!pace.is_gentle());
        assert_eq!(pace.pause(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn it_is_gentle_after_a_wait_and_after_a_foreign_write() {
        for (version, waited) in [(1, Duration::from_millis(1)), (2, Duration::ZERO)] {
            let mut pace = Throttle::aiming_at(AIM);
            pace.notice(Some(DataVersion(1)));
            let batch = cost(500, Duration::from_micros(4), Duration::ZERO);
            for _ in 0..AT_FIRST {
                pace.learn(500, batch);
            }
            pace.notice(Some(DataVersion(version)));
            pace.learn(500, WriteTiming { waited, ..batch });
            assert!(pace.is_gentle());
            assert_eq!(pace.pause(Duration::ZERO), AIM.mul_f64(LEAVE));
            assert_eq!(pace.pause(AIM), AIM.mul_f64(LEAVE - 1.0));
            // And a batch that is over soon leaves no less room for that
            pace.learn(1, WriteTiming::default());
            assert_eq!(pace.pause(Duration::ZERO), AIM.mul_f64(PART).mul_f64(LEAVE));
        }
    }

    #[test]
    fn where_there_is_no_room_batches_shrink_to_one_row_and_grow_again_slowly() {
        let mut pace = Throttle::aiming_at(AIM);
        let mut tried = vec![pace.rows()];
        while pace.shrink(pace.rows()) {
            tried.push(pace.rows());
        }
        assert_eq!(tried, [64, 32, 16, 8, 4, 2, 1]);
        // Where there was room for five hundred, and is for half of that
        let mut pace = Throttle::aiming_at(AIM);
        let learn = |pace: &mut Throttle, batches: usize| {
            for _ in 0..batches {
                let rows = pace.rows();
                pace.learn(rows as u64, cost(rows, Duration::from_micros(4), Duration::ZERO));
            }
        };
        learn(&mut pace, 60);
        assert!(pace.shrink(pace.rows()) && pace.is_cramped());
        assert_eq!(pace.rows(), 250);
        learn(&mut pace, 1);
        assert_eq!(pace.rows(), 266);
        // And where there is enough again, it is as if nothing had been
        learn(&mut pace, 200);
        assert!(!pace.is_cramped());
        assert_eq!(pace.rows(), 500);
    }

    #[test]
    fn it_never_keeps_still_when_told_that_nobody_is_there() {
        let mut pace = Throttle::regardless();
        pace.notice(Some(DataVersion(1)));
        pace.notice(Some(DataVersion(2)));
        assert_eq!(pace.pause(Duration::ZERO), Duration::ZERO);
    }
}

//! Many touches and closes, as they come in.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use super::{SessionService, TouchOutcome};
use crate::domain::error::Result;
use crate::domain::session::Key;
use crate::domain::time::UnixTime;
use crate::domain::token::Digest;

/// How many tokens are worth having at once: of that many, several meet in each page
/// of a table of millions, and the page is read and written once for all of them.
pub const MOST_AT_ONCE: usize = 1 << 18;

/// For how long one transaction of a stream may hold up the application.
const AIM: Duration = Duration::from_millis(2);
/// The least and the most that a batch ever has. On a cluster a batch is one entry in the
/// log that all nodes share, with some 70 bytes for each key: of more than 256 KiB or so,
/// each would keep those of the application waiting on its way to them.
const FEWEST: usize = 128;
const MOST: usize = 4096;
/// How many batches are remembered.
const MEMORY: usize = 4;

/// What has become of a list of tokens.
pub struct TouchResults {
    /// In the order of the tokens; `None` where it was not come to.
    pub outcomes: Vec<Option<TouchOutcome>>,
    /// What has kept it from coming to the others, if a failure did.
    pub ended: Result<()>,
}

impl SessionService {
    /// Touches sessions, in as many transactions as it takes for each to be short.
    /// They are served in key order, which is the order of the table, and the touches
    /// of one session in the order in which they were given. Each transaction has its
    /// own moment; before each, `go_on` may say that it is enough.
    pub fn touch_all(
        &mut self,
        digests: &[Digest],
        now: &mut dyn FnMut() -> UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> TouchResults {
        let order = key_order(digests);
        let mut served = TouchResults { outcomes: vec![None; digests.len()], ended: Ok(()) };
        let mut rest = order.as_slice();
        while !rest.is_empty() && go_on().is_continue() {
            let (places, others) = rest.split_at(rest.len().min(self.stride.keys()));
            let keys: Vec<Key> = places.iter().map(|(digest, _)| digest.key()).collect();
            match self.touch_keys(&keys, now()) {
                Ok(touched) => {
                    self.stride.learn(keys.len(), touched.hold);
                    for ((_, place), outcome) in places.iter().zip(touched.outcomes) {
                        served.outcomes[*place] = Some(outcome);
                    }
                }
                Err(error) => return TouchResults { ended: Err(error), ..served },
            }
            rest = others;
        }
        served
    }

    /// Ends sessions as their users ask: all that these tokens are for, or none. In a
    /// framework's table, [`close`](Self::close) takes the tokens themselves.
    pub fn close_all(&mut self, digests: &[Digest], now: UnixTime) -> TouchResults {
        let keys: Vec<Key> = digests.iter().map(Digest::key).collect();
        match self.close_keys(&keys, now) {
            Ok(outcomes) => {
                TouchResults { outcomes: outcomes.into_iter().map(Some).collect(), ended: Ok(()) }
            }
            Err(error) => TouchResults { outcomes: vec![None; digests.len()], ended: Err(error) },
        }
    }
}

/// Digests with their places, in the order of their keys; equal ones as they were given.
fn key_order(digests: &[Digest]) -> Vec<(Digest, usize)> {
    let mut order: Vec<(Digest, usize)> = digests.iter().copied().zip(0..).collect();
    order.sort_unstable();
    order
}

/// How many keys a batch of touches has.
#[derive(Debug)]
pub(super) struct TouchBatchSizer {
    keys: usize,
    /// What a key has taken in each of the last batches.
    each: VecDeque<Duration>,
}

impl Default for TouchBatchSizer {
    fn default() -> Self {
        Self { keys: FEWEST, each: VecDeque::with_capacity(MEMORY) }
    }
}

impl TouchBatchSizer {
    fn keys(&self) -> usize {
        self.keys
    }

    /// Learns what a batch took. Of the last ones the quickest counts: some batches
    /// end with a checkpoint, which takes long but lets others write.
    fn learn(&mut self, keys: usize, hold: Option<Duration>) {
        if let Some(hold) = hold
            && let Ok(number) = u32::try_from(keys)
        {
            self.each.truncate(MEMORY - 1);
            self.each.push_front(hold / number);
        }
        let quickest = self.each.iter().min().map_or(0, Duration::as_nanos).max(1);
        let wanted = usize::try_from(AIM.as_nanos() / quickest).unwrap_or(MOST);
        self.keys = wanted.min(self.keys * 2).clamp(FEWEST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size after so many batches with this for each key.
    fn after(batches: usize, per_key: Duration, stride: &mut TouchBatchSizer) -> usize {
        for _ in 0..batches {
            let keys = stride.keys();
            stride.learn(keys, Some(per_key * u32::try_from(keys).unwrap()));
        }
        stride.keys()
    }

    #[test]
    fn a_batch_comes_to_hold_the_lock_for_two_milliseconds() {
        let mut stride = TouchBatchSizer::default();
        assert_eq!(after(10, Duration::from_micros(4), &mut stride), 500);
        assert_eq!(after(4, Duration::from_micros(10), &mut stride), 200);
        assert_eq!(after(4, Duration::from_millis(1), &mut stride), FEWEST);
        assert_eq!(after(9, Duration::ZERO, &mut stride), MOST);
    }

    #[test]
    fn one_long_batch_among_short_ones_makes_no_difference() {
        let mut stride = TouchBatchSizer::default();
        after(10, Duration::from_micros(4), &mut stride);
        assert_eq!(after(1, Duration::from_micros(80), &mut stride), 500);
        assert_eq!(after(3, Duration::from_micros(4), &mut stride), 500);
    }

    #[test]
    fn where_nothing_changes_there_is_no_lock_and_batches_grow() {
        let mut stride = TouchBatchSizer::default();
        (0..9).for_each(|_| stride.learn(FEWEST, None));
        assert_eq!(stride.keys(), MOST);
    }

    #[test]
    fn digests_are_served_in_key_order_and_equal_ones_as_given() {
        let digests = ["b", "a", "c", "a"].map(Digest::of);
        let order = key_order(&digests);
        let keys: Vec<Key> = order.iter().map(|(digest, _)| digest.key()).collect();
        assert!(keys.is_sorted());
        let twice = order.into_iter().map(|(_, place)| place).filter(|place| place % 2 == 1);
        assert_eq!(twice.collect::<Vec<_>>(), [1, 3]);
    }
}

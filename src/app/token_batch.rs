//! Touching and closing many sessions in batches.

use std::ops::ControlFlow;

use super::service::SessionService;
use super::sessions::TouchOutcome;
use crate::domain::error::Result;
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::domain::token::Digest;

/// Number of tokens that are worth collecting: of these, several share each page of a
/// table of millions, and the page is read and written once for all of them.
pub const MAX_TOKENS: usize = 1 << 18;

pub struct TouchBatchResult {
    /// Outcomes in the order of the tokens; `None`: not reached.
    pub outcomes: Vec<Option<TouchOutcome>>,
    pub ended: Result<()>,
}

impl SessionService {
    /// Touches sessions, in as many transactions as it takes for each to be short, in key
    /// order, which is the order of the table; the touches of one session stay in their
    /// given order. Each transaction reads `now` anew; before each, `go_on` may stop it.
    pub fn touch_all(
        &mut self,
        digests: &[Digest],
        now: &mut dyn FnMut() -> UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> TouchBatchResult {
        let order = key_order(digests);
        let mut results = TouchBatchResult { outcomes: vec![None; digests.len()], ended: Ok(()) };
        let mut rest = order.as_slice();
        while !rest.is_empty() && go_on().is_continue() {
            let (batch, others) = rest.split_at(rest.len().min(self.touch_sizer.keys()));
            let keys: Vec<SessionKey> = batch.iter().map(|(digest, _)| digest.key()).collect();
            match self.touch_keys(&keys, now()) {
                Ok(touched) => {
                    self.touch_sizer.record(keys.len(), touched.hold);
                    for ((_, index), outcome) in batch.iter().zip(touched.outcomes) {
                        results.outcomes[*index] = Some(outcome);
                    }
                }
                Err(error) => return TouchBatchResult { ended: Err(error), ..results },
            }
            rest = others;
        }
        results
    }

    /// Closes the sessions of these tokens, all or none. In a framework table,
    /// [`close`](Self::close) takes the tokens themselves.
    pub fn close_all(&mut self, digests: &[Digest], now: UnixTime) -> TouchBatchResult {
        let keys: Vec<SessionKey> = digests.iter().map(Digest::key).collect();
        match self.close_keys(&keys, now) {
            Ok(outcomes) => TouchBatchResult {
                outcomes: outcomes.into_iter().map(Some).collect(),
                ended: Ok(()),
            },
            Err(error) => {
                TouchBatchResult { outcomes: vec![None; digests.len()], ended: Err(error) }
            }
        }
    }
}

/// Sorts digests by key, each with its index; equal ones keep their order.
pub fn key_order(digests: &[Digest]) -> Vec<(Digest, usize)> {
    let mut order: Vec<(Digest, usize)> = digests.iter().copied().zip(0..).collect();
    order.sort_unstable();
    order
}

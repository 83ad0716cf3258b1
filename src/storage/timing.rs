use std::ops::AddAssign;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteTiming {
    /// Time for which the write lock was held. On a cluster it includes the network.
    pub hold: Duration,
    /// Part of the hold time spent in the commit; zero if unknown.
    pub commit: Duration,
    pub waited: Duration,
}

impl WriteTiming {
    pub fn of_hold(hold: Duration) -> Self {
        Self { hold, ..Self::default() }
    }
}

impl AddAssign for WriteTiming {
    fn add_assign(&mut self, other: Self) {
        self.hold += other.hold;
        self.commit += other.commit;
        self.waited += other.waited;
    }
}

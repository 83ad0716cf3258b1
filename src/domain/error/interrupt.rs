use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptReason {
    Asked,
    /// The time limit of the operation has passed.
    Time,
    /// The lease of the run would expire before the statement ends.
    Lease,
}

impl InterruptReason {
    /// Explanation of the interruption of a statement that had run for this long.
    pub(super) fn sentence(self, after: Duration) -> String {
        let ran = format!("the statement was interrupted after {:.1} s", after.as_secs_f64());
        match self {
            Self::Asked => format!("{ran} because the process was asked to stop"),
            Self::Time => format!("{ran} because the run reached its time limit"),
            Self::Lease => format!("{ran} because the lease of the run was about to expire"),
        }
    }
}

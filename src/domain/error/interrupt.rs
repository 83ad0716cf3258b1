#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptReason {
    Asked,
    /// The time limit of the operation has passed.
    Time,
    /// The lease of the run would expire before the statement ends.
    Lease,
}

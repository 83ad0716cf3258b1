/// Reason to interrupt a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptReason {
    /// The process was asked to stop.
    Asked,
    /// The time limit of the operation has passed.
    Time,
    /// The lease of the run would expire before the statement ends.
    Lease,
}

use std::ops::ControlFlow;

use crate::domain::error::Result;

/// Outcome of a visitor: go on, stop, or fail.
pub type VisitResult = Result<ControlFlow<()>>;

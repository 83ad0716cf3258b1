//! Output formats: records in, bytes out.

pub(crate) mod harmless;
pub(crate) mod record;

//! Output formats: records in, bytes out.

pub mod record;

//! The reader of the configuration file.

mod legacy;

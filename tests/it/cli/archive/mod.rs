//! Archives: what they hold, who may read them, and what a crash leaves of them.

mod command;
mod configured;
mod line;

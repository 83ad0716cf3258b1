//! The SQL of the store, compared with the rules of the domain on random sessions.

mod admission;
mod admission_model;
mod idle_times;
mod rules;

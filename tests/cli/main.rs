//! The command as its users meet it: the real binary, in an empty folder.
//!
//! Each file tells of one subject. The tests share nothing, and the clock that
//! matters to them is their own: they write rows relative to now, far enough from
//! every boundary.

mod fixture;
mod purge;

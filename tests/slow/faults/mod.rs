//! Disks that fail, and files that are damaged: each command ends in good time with an exit
//! code that is documented and, if that is not 0, a reason; it never panics, and no live
//! session is lost.

mod corrupt_files;
mod harness;
mod syscall_errors;

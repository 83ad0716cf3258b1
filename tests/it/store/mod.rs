//! The backends, one module of the source each.

mod adopted {
    mod key_distribution;
    mod list;
    mod state {
        mod naming;
    }
    mod triggers;
    mod user_names;
}
mod cluster;
mod database {
    mod memory;
    mod rqlite {
        mod error;
        mod json;
    }
    mod sqlite {
        mod error;
        mod file {
            mod denied;
            mod locks;
        }
        mod interrupt;
        mod open;
        mod replication;
        mod rollback_journal;
        mod wal;
    }
}
mod location;
mod migrations;
mod native;

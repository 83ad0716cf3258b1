//! Shared by all subcommands: the global options, and what follows from them.

mod cluster;
mod notices;
mod open;
mod open_table;
mod options;
mod output;
mod settings;
mod state;
mod terminal;

pub use notices::recovery_hint;
pub use options::{CredentialSource, Global, NamedPath, SettingSource};
pub use settings::Context;
pub use state::advice;
pub use terminal::{PendingListing, print, print_sentences, read, stdout, unwritten};

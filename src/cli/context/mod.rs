//! Shared by all subcommands: the global options, and what follows from them.

pub mod cluster;
mod configuration;
mod notices;
mod open;
mod open_table;
pub mod options;
mod output;
mod profile;
mod settings;
pub mod state;
pub mod terminal;
mod worker;

pub use notices::recovery_hint;
pub use open_table::locate;
pub use options::{CredentialSource, Global, NamedPath, SettingSource};
pub use settings::Context;
pub use state::{advice, user_of_state};
pub use terminal::{
    PendingListing, print, print_sentences, read, stdout, terminal_width, unwritten,
};

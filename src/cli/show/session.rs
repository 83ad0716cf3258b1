//! `sessctl show session`

use sessctl::store::Access;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::records;

/// Show all about one session
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl show session 3fa9")]
pub struct Args {
    /// Its handle, or 4 or more digits that no other handle begins with
    handle: String,
}

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&records::SESSION)?;
        let keeper = context.open(Access::Read)?;
        let session = keeper.session(&self.handle)?;
        let record = records::session(&session, keeper.policies(), context.now);
        context.answer(&records::SESSION, &[record])?;
        Ok(Exit::Done)
    }
}

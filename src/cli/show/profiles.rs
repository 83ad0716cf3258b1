//! `sessctl show profiles`

use std::path::PathBuf;

use crate::domain::profile::Profile;

use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::profiles::outlines;
use crate::output::record::{Column, Record, Schema, Value};

/// Show the frameworks whose tables are known, or one of their profiles
///
/// A table that a profile fits needs none to be named, unless several fit. Those that
/// are not detected have to be named with --profile. The parameters are what only the
/// application's configuration knows: `sessctl show profiles NAME` says where. Its text
/// is also what to start from for a table that no profile fits.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show profiles
  sessctl show profiles laravel > own.toml
  sessctl --profile laravel --param lifetime=2h --db app.sqlite show stat")]
pub struct Args {
    /// Print the text of this one; in any other format, what the list has of it
    #[arg(value_name = "NAME|FILE")]
    name: Option<PathBuf>,
}

static PROFILES: Schema = Schema::many(
    "profiles",
    &[
        Column::row("name", "profile"),
        Column::row("framework", "framework"),
        Column::row("table", "table"),
        Column::row("parameters", "parameters"),
        Column::row("detected", "detected"),
        Column::row("readonly", "readonly"),
        Column::row("about", "about"),
        Column::detail("readonly_reason", "readonly because"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&PROFILES)?;
        match &self.name {
            None => list(&outlines()?, context)?,
            Some(name) => {
                let text = context.profile_text(name)?;
                match context.asked_format() {
                    None => print(text.toml.as_bytes())?,
                    Some(_) => list(&[text.outline()?], context)?,
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn list(profiles: &[Profile], context: &Context) -> anyhow::Result<()> {
    context.answer(&PROFILES, &profiles.iter().map(record).collect::<Vec<_>>())
}

fn record(profile: &Profile) -> Record {
    let parameters: Vec<&str> = profile.missing.iter().map(|asked| asked.name.as_str()).collect();
    let parameters = Some(parameters.join(", ")).filter(|names| !names.is_empty());
    let values = vec![
        Value::word(profile.name.clone()),
        Value::text(Some(profile.title.as_str())),
        Value::text(Some(profile.table.as_str())),
        Value::text(parameters),
        Value::Flag(profile.is_detected),
        Value::Flag(profile.readonly.is_some()),
        Value::text(Some(profile.about.as_str())),
        Value::text(profile.readonly.as_deref()),
    ];
    Record::new(["profile", profile.name.as_str()], values)
}

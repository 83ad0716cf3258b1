//! `sessctl show profiles`

use std::path::PathBuf;

use crate::domain::profile::Profile;

use crate::cli::context::{Context, print};
use crate::cli::exit::Exit;
use crate::cli::profiles::built_in_profiles;
use crate::output::record::{Column, Record, Schema, Value};

/// Show the supported frameworks, or the profile of one of them
///
/// If exactly one profile matches a table, it is detected and need not be named. Profiles that
/// are not detected must be named with --profile. Parameters are values that only the
/// application's configuration has: `sessctl show profiles NAME` says where to find them. The
/// text of a profile is also a starting point for a table that no profile matches. A table
/// shows what each profile is for; the other formats also show the versions, the table, whether
/// the running framework judged the rows of the test or its schema was read (verified), and
/// which logins `cycle` and `close` do not end (survives).
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sessctl show profiles
  sessctl show profiles laravel > own.toml
  sessctl --profile laravel --param lifetime=2h --db app.sqlite show stat")]
pub struct Args {
    /// Print the text of this profile; in any format but table, its entry in the list
    #[arg(value_name = "NAME|FILE")]
    name: Option<PathBuf>,
}

static PROFILES: Schema = Schema::many(
    "profiles",
    &[
        Column::row("name", "profile"),
        Column::row("framework", "framework"),
        Column::detail("versions", "versions"),
        Column::detail("table", "table"),
        Column::row("holds", "holds"),
        Column::detail("verified", "verified"),
        Column::detail("parameters", "parameters"),
        Column::detail("detected", "detected"),
        Column::detail("survives", "survives"),
        Column::detail("readonly", "readonly"),
        Column::row("about", "for"),
        Column::detail("readonly_reason", "readonly because"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&PROFILES)?;
        match &self.name {
            None => list(&built_in_profiles()?, context)?,
            Some(name) => {
                let text = context.profile_text(name)?;
                match context.requested_format() {
                    None => print(text.toml.as_bytes())?,
                    Some(_) => list(&[text.without_parameters()?], context)?,
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn list(profiles: &[Profile], context: &Context) -> anyhow::Result<()> {
    context.write_records(&PROFILES, &profiles.iter().map(record).collect::<Vec<_>>())
}

fn record(profile: &Profile) -> Record {
    let parameters: Vec<&str> = profile.missing.iter().map(|asked| asked.name.as_str()).collect();
    let parameters = Some(parameters.join(", ")).filter(|names| !names.is_empty());
    let values = vec![
        Value::word(profile.name.clone()),
        Value::text(Some(profile.title.as_str())),
        Value::text(profile.versions.as_deref()),
        Value::text(Some(profile.table.as_str())),
        Value::text(Some(profile.holds.as_str())),
        profile.verified.map_or(Value::Absent, |verified| Value::word(verified.as_str())),
        Value::text(parameters),
        Value::Flag(profile.is_detected),
        Value::text(profile.survivors()),
        Value::Flag(profile.readonly.is_some()),
        Value::text(Some(profile.about.as_str())),
        Value::text(profile.readonly.as_deref()),
    ];
    Record::new(["profile", profile.name.as_str()], values)
}

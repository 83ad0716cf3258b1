//! `sessctl show config`

use sessctl::config::Setting;

use crate::cli::context::{Context, Named, Origin};
use crate::cli::exit::Exit;
use crate::output::record::{Column, Record, Schema, Value};

/// Show each setting in force and where it comes from
///
/// The source is default, file, environment or flag; beside it stand the line of
/// the file, the variable or the flag. What was accepted but will surprise is a
/// warning on standard error.
#[derive(clap::Args)]
pub struct Args {}

static SETTINGS: Schema = Schema::many(
    "settings",
    &[
        Column::row("key", "key"),
        Column::row("value", "value"),
        Column::row("source", "source"),
        Column::row("from", "from"),
    ],
);

impl Args {
    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        context.format().check(&SETTINGS)?;
        let mut records = vec![config_file(context)];
        for setting in context.config_explained()?.settings() {
            records.push(match &context.named_db {
                Some(db) if setting.key == "db" => named("db", db, "--db", "SESSCTL_DB"),
                _ => from_file(&setting, context),
            });
        }
        context.answer(&SETTINGS, &records)?;
        Ok(Exit::Done)
    }
}

fn config_file(context: &Context) -> Record {
    match &context.named_config {
        Some(config) => named("config", config, "--config", "SESSCTL_CONFIG"),
        None => {
            let path = context.config_path().map(|path| path.to_string_lossy().into_owned());
            record("config", &path.unwrap_or_default(), ("default", String::new()))
        }
    }
}

fn from_file(setting: &Setting, context: &Context) -> Record {
    let source = match (setting.line, context.config_path()) {
        (Some(line), Some(path)) => ("file", format!("{}:{line}", path.display())),
        _ => ("default", String::new()),
    };
    record(&setting.key, &setting.value, source)
}

fn named(key: &str, named: &Named, flag: &str, variable: &str) -> Record {
    let source = match named.origin {
        Origin::Flag => ("flag", flag.to_owned()),
        Origin::Environment => ("environment", variable.to_owned()),
    };
    record(key, &named.path.to_string_lossy(), source)
}

fn record(key: &str, value: &str, (source, from): (&'static str, String)) -> Record {
    let text = |text: &str| Value::text(Some(text).filter(|text| !text.is_empty()));
    let values = vec![Value::word(key.to_owned()), text(value), Value::word(source), text(&from)];
    Record::new(["config", key], values)
}

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeValue;

use super::columns::{Columns, paths};
use super::parameters::Parameters;
use super::symbols::Symbols;
use super::{dependents, rules, times};
use crate::config::document::Document;
use crate::config::error::{ConfigError, Result};
use crate::config::table::SettingsTable;
use crate::config::values::{choice, describe, flag, list, name, sql_values, text};
use crate::domain::profile::{
    ColumnSource, Profile, StricterRules, TokenForm, UserForm, UserNames, UserSource, Verification,
};

const KEYS: &[&str] = &[
    "name",
    "title",
    "about",
    "versions",
    "verified",
    "holds",
    "survives",
    "task",
    "table",
    "id",
    "columns",
    "optional",
    "detect",
    "readonly",
    "created",
    "used",
    "user",
    "client",
    "agent",
    "token",
    "times",
    "expired",
    "filter",
    "dependents",
    "parameters",
];

const PAYLOADS: &[(&str, UserForm)] = &[("django", UserForm::DjangoPayload)];
const HASHES: &[(&str, bool)] = &[("sha256", true)];
const VERIFICATIONS: &[(&str, Verification)] = &[
    (Verification::Running.as_str(), Verification::Running),
    (Verification::Schema.as_str(), Verification::Schema),
];

/// The reason of a profile that has none but `readonly = true`.
const READONLY: &str = "its profile is read-only";

/// Reads the text of a profile; `file` is its name in messages. `given` are the values
/// of parameters by name: parameters of the profile without a value are
/// [missing](Profile::missing) in the result; values without a parameter are an error.
///
/// # Errors
/// A mistake, with its line and its key.
pub fn parse(
    text: &str,
    file: &str,
    given: &BTreeMap<String, String>,
) -> Result<Profile, ConfigError> {
    let document = Document::new(Path::new(file), text);
    let parsed = document.parse()?;
    let top = &SettingsTable::top_level(&document, parsed.get_ref());
    top.allow_only(KEYS)?;
    let (columns, parameters) = (Columns::read(top)?, Parameters::read(top, given)?);
    read(top, Symbols { columns, parameters, times: Vec::new(), inputs: Vec::new() })
}

fn read(top: &SettingsTable<'_>, mut symbols: Symbols<'_>) -> Result<Profile> {
    let profile_name = top.required("name", "the name of the profile", profile_name)?;
    let id = dependents::read_id(top, &symbols.columns)?;
    times::read(top, &mut symbols)?;
    let rules = rules::read(top, &mut symbols)?;
    let readonly = top.optional("readonly", readonly)?.flatten();
    if rules.is_empty() && readonly.is_none() {
        let what = "use [[expired]] with a rule for when a session is over, or readonly \
                    with the reason why nothing may be deleted";
        return Err(top.missing("expired", what));
    }
    let tokens = tokens(top, &symbols.columns)?;
    let secrets = Secrets { id: &id, tokens: &tokens };
    let or_name = |text: Option<String>| text.unwrap_or_else(|| profile_name.clone());
    Ok(Profile {
        title: or_name(top.optional("title", name)?),
        about: top.optional("about", name)?.unwrap_or_default(),
        versions: top.optional("versions", name)?,
        verified: top.optional("verified", choice("verification", VERIFICATIONS))?,
        holds: top.optional("holds", name)?.unwrap_or_else(|| Profile::SESSIONS.to_owned()),
        survives: top.optional("survives", phrases)?.unwrap_or_default(),
        task: or_name(top.optional("task", name)?),
        table: top.required("table", "the name of the table", name)?,
        is_detected: top.optional("detect", flag)?.unwrap_or(true),
        readonly,
        user: user(top, &symbols.columns, &secrets)?,
        client: shown(top, "client", &symbols.columns, &secrets)?,
        agent: shown(top, "agent", &symbols.columns, &secrets)?,
        tokens,
        created: top.optional("created", |value| symbols.time(value))?,
        used: top.optional("used", |value| symbols.time(value))?,
        rules,
        filter: rules::read_filter(top, &mut symbols)?,
        dependents: dependents::read(top, &symbols.columns, &id)?,
        missing: symbols.parameters.missing(top)?,
        times: symbols.times.into_iter().map(|(_, time)| time).collect(),
        inputs: symbols.inputs,
        columns: symbols.columns.required,
        doubt: None,
        stricter: StricterRules::default(),
        optional: symbols.columns.optional,
        name: profile_name,
        id,
    })
}

/// A name that is easy to type: lower-case letters, digits and hyphens.
fn profile_name(value: &DeValue<'_>) -> Result<String, String> {
    let name = text(value)?;
    let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_valid) {
        return Err(format!("{name:?} is not a valid name: use lower-case letters, digits and -"));
    }
    Ok(name.to_owned())
}

/// The reason why nothing may be deleted, if there is one.
fn readonly(value: &DeValue<'_>) -> Result<Option<String>, String> {
    match value {
        DeValue::Boolean(is_readonly) => Ok(is_readonly.then(|| READONLY.to_owned())),
        DeValue::String(_) => name(value).map(Some),
        _ => Err(format!("must be the reason in quotes, or true, not {}", describe(value))),
    }
}

fn phrases(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    list(value, "[\"the remember-me cookie\"]", name)
}

/// The tables `[[token]]`, or the only one, `[token]`.
fn tokens(top: &SettingsTable<'_>, columns: &Columns) -> Result<Vec<TokenForm>> {
    let tables = match top.value("token") {
        Some(value) if value.is_array() => top.array("token", "[[token]]")?,
        _ => top.table("token")?.into_iter().collect(),
    };
    tables.iter().map(|table| token(table, columns)).collect()
}

fn token(table: &SettingsTable<'_>, columns: &Columns) -> Result<TokenForm> {
    table.allow_only(&["column", "prefix", "hash"])?;
    Ok(TokenForm {
        column: columns.column(table, None)?,
        prefix: table.optional("prefix", name)?.unwrap_or_default(),
        is_hashed: table.optional("hash", choice("hash", HASHES))?.unwrap_or(false),
    })
}

/// Columns whose values are credentials.
struct Secrets<'a> {
    id: &'a [String],
    tokens: &'a [TokenForm],
}

impl Secrets<'_> {
    /// Refuses to show a credential as the user, the client or the agent. One of several columns
    /// that identify a session may be the user: it is no credential by itself.
    fn reject(&self, table: &SettingsTable<'_>, shown: &str) -> Result<()> {
        let tokens = self.tokens.iter().map(|token| ("token", token.column.as_str()));
        let id = match self.id {
            [only] => Some(("id", only.as_str())),
            _ => None,
        };
        for (what, column) in id.into_iter().chain(tokens) {
            if column.eq_ignore_ascii_case(shown) {
                let message = format!(
                    "must not be the {what} column: its value is a credential and would be \
                     displayed"
                );
                return Err(table.error("column", &message));
            }
        }
        Ok(())
    }
}

fn user(
    top: &SettingsTable<'_>,
    columns: &Columns,
    secrets: &Secrets<'_>,
) -> Result<Option<UserSource>> {
    let Some(table) = top.table("user")? else { return Ok(None) };
    table.allow_only(&["column", "path", "payload", "nobody", "names"])?;
    let paths = table.optional("path", paths)?.unwrap_or_default();
    let column = columns.column(&table, None)?;
    secrets.reject(&table, &column)?;
    let payload = table.optional("payload", choice("payload", PAYLOADS))?;
    if payload.is_some() {
        table.reject("path", "has no effect with payload, which determines the path")?;
        table.reject("nobody", "has no effect with payload, which contains only users")?;
    }
    let nobody = table.optional("nobody", sql_values)?.unwrap_or_default();
    let form = payload.unwrap_or(UserForm::Plain);
    Ok(Some(UserSource { column, paths, form, nobody, names: user_names(&table)? }))
}

fn user_names(user: &SettingsTable<'_>) -> Result<Option<UserNames>> {
    let Some(names) = user.table("names")? else { return Ok(None) };
    names.allow_only(&["table", "key", "name"])?;
    Ok(Some(UserNames {
        table: names.required("table", "the table of the users", name)?,
        key: names.required("key", "its column with the id of a user", name)?,
        name: names.required("name", "its column with the name of a user", name)?,
    }))
}

/// Source of a value that is displayed and has no other meaning.
fn shown(
    top: &SettingsTable<'_>,
    key: &str,
    columns: &Columns,
    secrets: &Secrets<'_>,
) -> Result<Option<ColumnSource>> {
    let Some(table) = top.table(key)? else { return Ok(None) };
    table.allow_only(&["column", "path"])?;
    let source = columns.source(&table, None)?;
    secrets.reject(&table, &source.column)?;
    Ok(Some(source))
}

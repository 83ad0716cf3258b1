//! From the parsed file to a [`Profile`], with the line of every mistake.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::columns::Columns;
use super::parameters::Parameters;
use super::section::Section;
use super::times::data;
use crate::config::page::{Page, Read, line_starts};
use crate::config::values::{choice, flag, kind, name, text};
use crate::domain::profile::{
    ColumnSource, Dependent, DependentAction, Profile, TimeColumn, TokenForm, UserForm, UserSource,
};

const TOP: &[&str] = &[
    "name",
    "title",
    "about",
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
    "token",
    "times",
    "expired",
    "filter",
    "dependents",
    "parameters",
];

/// What is said of a profile that says `readonly = true`.
const READONLY: &str = "its profile is for looking only";

pub(super) fn profile(text: &str, file: &str, given: &BTreeMap<String, String>) -> Read<Profile> {
    let starts = line_starts(text);
    let page = Page { file, text, starts: &starts };
    let table = page.parse()?;
    let top = Section::top(page, table.get_ref());
    top.knows(TOP)?;
    let columns = Columns::read(&top)?;
    let parameters = Parameters::read(&top, given)?;
    Reader { columns, parameters, inputs: Vec::new(), times: Vec::new() }.finish(&top)
}

/// What the parts of a profile refer to.
pub(super) struct Reader<'a> {
    pub(super) columns: Columns,
    pub(super) parameters: Parameters<'a>,
    pub(super) inputs: Vec<ColumnSource>,
    /// The times by their names in the file.
    pub(super) times: Vec<(String, TimeColumn)>,
}

impl Reader<'_> {
    fn finish(mut self, top: &Section<'_, '_>) -> Read<Profile> {
        let profile_name = top.required("name", "it is what users call the profile", word)?;
        let id = top.required("id", "it is the column that tells sessions apart", |value| {
            self.columns.of(value)
        })?;
        self.times(top)?;
        let rules = self.rules(top)?;
        let readonly = top.optional("readonly", readonly)?.flatten();
        if rules.is_empty() && readonly.is_none() {
            let what = "is missing: write [[expired]] for when a session is over, \
                        or readonly with the reason why nothing may be deleted";
            return Err(top.fault("expired", what));
        }
        let token = self.token(top)?;
        let secrets = [Some(id.as_str()), token.as_ref().map(|token| token.column.as_str())];
        let or_name = |text: Option<String>| text.unwrap_or_else(|| profile_name.clone());
        Ok(Profile {
            title: or_name(top.optional("title", name)?),
            about: top.optional("about", name)?.unwrap_or_default(),
            task: or_name(top.optional("task", name)?),
            table: top.required("table", "it is the name of the table", name)?,
            is_detected: top.optional("detect", flag)?.unwrap_or(true),
            readonly,
            user: self.user(top, secrets)?,
            client: self.client(top, secrets)?,
            token,
            created: top.optional("created", |value| self.time(value))?,
            used: top.optional("used", |value| self.time(value))?,
            rules,
            filter: self.filter(top)?,
            dependents: self.dependents(top, &id)?,
            missing: self.parameters.missing(top.page)?,
            times: self.times.into_iter().map(|(_, time)| time).collect(),
            inputs: self.inputs,
            columns: self.columns.always,
            doubt: None,
            optional: self.columns.optional,
            name: profile_name,
            id,
        })
    }

    /// The place of an input, which is read once even if it is needed twice.
    pub(super) fn input(&mut self, source: ColumnSource) -> usize {
        let known = self.inputs.iter().position(|known| *known == source);
        known.unwrap_or_else(|| {
            self.inputs.push(source);
            self.inputs.len() - 1
        })
    }

    fn user(&self, top: &Section<'_, '_>, secrets: [Option<&str>; 2]) -> Read<Option<UserSource>> {
        let Some(section) = top.section("user")? else {
            return Ok(None);
        };
        section.knows(&["column", "path", "payload", "nobody"])?;
        let source = self.columns.source(&section, None)?;
        must_be_shown(&section, &source, secrets)?;
        let known = [("django", UserForm::DjangoPayload)];
        let payload = section.optional("payload", |value| choice(value, "payload", &known))?;
        if payload.is_some() {
            section.refuse("path", "says nothing here: the payload says where the user is")?;
            section.refuse("nobody", "says nothing here: the payload names users alone")?;
        }
        let nobody = section.optional("nobody", data)?.unwrap_or_default();
        Ok(Some(UserSource { source, form: payload.unwrap_or(UserForm::Plain), nobody }))
    }

    fn client(
        &self,
        top: &Section<'_, '_>,
        secrets: [Option<&str>; 2],
    ) -> Read<Option<ColumnSource>> {
        let Some(section) = top.section("client")? else {
            return Ok(None);
        };
        section.knows(&["column", "path"])?;
        let source = self.columns.source(&section, None)?;
        must_be_shown(&section, &source, secrets)?;
        Ok(Some(source))
    }

    fn token(&self, top: &Section<'_, '_>) -> Read<Option<TokenForm>> {
        let Some(section) = top.section("token")? else {
            return Ok(None);
        };
        section.knows(&["column", "prefix", "hash"])?;
        let hashed = |value: &DeValue<'_>| choice(value, "hash", &[("sha256", true)]);
        Ok(Some(TokenForm {
            column: self.columns.source(&section, None)?.column,
            prefix: section.optional("prefix", name)?.unwrap_or_default(),
            is_hashed: section.optional("hash", hashed)?.unwrap_or(false),
        }))
    }

    fn dependents(&self, top: &Section<'_, '_>, id: &str) -> Read<Vec<Dependent>> {
        let dependent = |section: Section<'_, '_>| {
            section.knows(&["table", "column", "references", "action"])?;
            let references = section.optional("references", |value| self.columns.of(value))?;
            let actions =
                [("delete", DependentAction::Delete), ("set null", DependentAction::SetNull)];
            let action = section.optional("action", |value| choice(value, "action", &actions))?;
            Ok(Dependent {
                table: section.required("table", "it is the table that hangs on it", name)?,
                column: section.required("column", "it is the column that names it", name)?,
                references: references.unwrap_or_else(|| id.to_owned()),
                action: action.unwrap_or_default(),
            })
        };
        let all = top.list("dependents", "[[dependents]] above the keys of each")?;
        all.into_iter().map(dependent).collect()
    }
}

/// Refuses to show an id or a token as something else: it lets in whoever reads it.
fn must_be_shown(
    section: &Section<'_, '_>,
    source: &ColumnSource,
    secrets: [Option<&str>; 2],
) -> Read<()> {
    let is_it = |column: &&str| column.eq_ignore_ascii_case(&source.column);
    match secrets.into_iter().flatten().find(is_it) {
        Some(column) => {
            let what = format!("is shown to people, and {column} lets in whoever knows it");
            Err(section.fault("column", &what))
        }
        None => Ok(()),
    }
}

/// A name that can be typed everywhere: lower-case letters, digits and hyphens.
fn word(value: &DeValue<'_>) -> Result<String, String> {
    let word = text(value)?;
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if word.is_empty() || !word.bytes().all(is_fine) {
        return Err(format!("{word:?} is no name: write lower-case letters, digits and hyphens"));
    }
    Ok(word.to_owned())
}

/// Why nothing may be deleted, if that is so.
fn readonly(value: &DeValue<'_>) -> Result<Option<String>, String> {
    match value {
        DeValue::Boolean(is_so) => Ok(is_so.then(|| READONLY.to_owned())),
        DeValue::String(_) => name(value).map(Some),
        _ => Err(format!("wants the reason in quotes, or true, not {}", kind(value))),
    }
}

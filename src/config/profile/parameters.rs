//! Parameters of a profile, whose values the user provides.

use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::config::error::Result;
use crate::config::table::{SettingsTable, join};
use crate::config::values::{name, text};
use crate::domain::profile::Parameter;

pub(super) struct Parameters<'a> {
    defined: Vec<Defined>,
    given: &'a BTreeMap<String, String>,
}

struct Defined {
    parameter: Parameter,
    /// The position of the table in the text.
    offset: usize,
    is_used: bool,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(
        top: &SettingsTable<'_>,
        given: &'a BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut defined = Vec::new();
        for (parameter, table) in top.section("parameters")?.tables()? {
            table.allow_only(&["about", "example"])?;
            let about = table.required("about", "where the application sets the value", name)?;
            let example = table.required("example", "a valid value", name)?;
            let parameter = Parameter { name: parameter, about, example };
            defined.push(Defined { parameter, offset: table.offset, is_used: false });
        }
        let names: Vec<&str> = defined.iter().map(|known| known.parameter.name.as_str()).collect();
        if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
            let message = match names.as_slice() {
                [] => "the profile has no parameters".to_owned(),
                names => format!("unknown parameter; valid parameters: {}", names.join(", ")),
            };
            return Err(top.error_at(0, &join("parameters", unknown), &message));
        }
        Ok(Self { defined, given })
    }

    /// The value of a key that is present, as text or as `{ parameter = "NAME" }`; `None`:
    /// the parameter is missing.
    pub(super) fn value<T>(
        &mut self,
        table: &SettingsTable<'_>,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>> {
        if !table.value(key).is_some_and(DeValue::is_table) {
            return table.optional(key, |value| read(text(value)?));
        }
        let Some(reference) = table.table(key)? else { return Ok(None) };
        reference.allow_only(&["parameter"])?;
        let parameter = reference.required("parameter", "the name of a parameter", name)?;
        let mut defined = self.defined.iter_mut();
        let Some(known) = defined.find(|known| known.parameter.name == parameter) else {
            let message =
                format!("unknown parameter {parameter:?}: define it in [parameters.{parameter}]");
            return Err(reference.error("parameter", &message));
        };
        known.is_used = true;
        let error = |message: String| {
            table.at(known.offset).error(&join("parameters", &parameter), &message)
        };
        read(&known.parameter.example)
            .map_err(|message| error(format!("invalid example: {message}")))?;
        self.given.get(&parameter).map(|given| read(given)).transpose().map_err(error)
    }

    /// The parameters without a value, once all references to parameters have been read.
    pub(super) fn missing(self, top: &SettingsTable<'_>) -> Result<Vec<Parameter>> {
        if let Some(Defined { parameter, offset, .. }) =
            self.defined.iter().find(|known| !known.is_used)
        {
            let name = &parameter.name;
            let message = format!("is never used: refer to it as {{ parameter = {name:?} }}");
            return Err(top.error_at(*offset, &join("parameters", name), &message));
        }
        let parameters = self.defined.into_iter().map(|known| known.parameter);
        Ok(parameters.filter(|known| !self.given.contains_key(&known.name)).collect())
    }
}

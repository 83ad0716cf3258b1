//! What a profile asks the user for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::section::Section;
use crate::config::page::{Page, Read};
use crate::config::values::{name, text};
use crate::domain::profile::Parameter;

/// The parameters that the profile declares, and the values that they are given.
pub(super) struct Parameters<'a> {
    /// Each with its place in the file.
    declared: Vec<(Parameter, usize)>,
    given: &'a BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(top: &Section<'_, '_>, given: &'a BTreeMap<String, String>) -> Read<Self> {
        let mut declared = Vec::new();
        if let Some(all) = top.section("parameters")? {
            for (parameter, section) in all.sections()? {
                section.knows(&["about", "example"])?;
                let where_to_find = "it says where the application has the value";
                let about = section.required("about", where_to_find, name)?;
                let example = section.required("example", "it is a value that fits", name)?;
                declared.push((Parameter { name: parameter, about, example }, section.at));
            }
        }
        let names: Vec<&str> = declared.iter().map(|(known, _)| known.name.as_str()).collect();
        if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
            let what = match names.as_slice() {
                [] => "the profile asks for no parameters".to_owned(),
                names => format!("the profile does not ask for it, but for {}", names.join(", ")),
            };
            return Err(top.page.fault(0, &format!("parameters.{unknown}"), &what));
        }
        Ok(Self { declared, given, used: RefCell::default() })
    }

    /// What a key says, be it as text or as the name of a parameter; `None`: nobody has
    /// said what the parameter is. The key may not be missing.
    pub(super) fn value<T>(
        &self,
        section: &Section<'_, '_>,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Read<Option<T>> {
        let Some(reference) = section.table_of(key) else {
            let read = |value: &DeValue<'_>| read(text(value)?);
            return section.required(key, "write it, or name a parameter", read).map(Some);
        };
        reference.knows(&["parameter"])?;
        let parameter = reference.required("parameter", "it is the name of a parameter", name)?;
        let Some((known, at)) = self.declared.iter().find(|(known, _)| known.name == parameter)
        else {
            let what = format!("{parameter:?} is not described: write [parameters.{parameter}]");
            return Err(reference.fault("parameter", &what));
        };
        let key = format!("parameters.{parameter}");
        let fault = |what: String| section.page.fault(*at, &key, &what);
        self.used.borrow_mut().insert(parameter.clone());
        read(&known.example).map_err(|what| fault(format!("its example: {what}")))?;
        self.given.get(&parameter).map(|given| read(given)).transpose().map_err(fault)
    }

    /// The parameters that have no value, once all references to them have been read.
    pub(super) fn missing(self, page: Page<'_>) -> Read<Vec<Parameter>> {
        let used = self.used.into_inner();
        if let Some((idle, at)) =
            self.declared.iter().find(|(known, _)| !used.contains(&known.name))
        {
            let what = format!(
                "nothing refers to it: write {{ parameter = {:?} }} where it belongs",
                idle.name
            );
            return Err(page.fault(*at, &format!("parameters.{}", idle.name), &what));
        }
        let declared = self.declared.into_iter().map(|(parameter, _)| parameter);
        Ok(declared.filter(|known| !self.given.contains_key(&known.name)).collect())
    }
}

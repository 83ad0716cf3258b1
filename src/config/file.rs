use super::document::Document;
use super::error::{ConfigError, Result};
use super::options::Config;
use super::sections::{GENERAL, SECTIONS, TOP_LEVEL};
use super::table::SettingsTable;
use super::{archives, jobs, legacy, licences, policies, retention, values, warnings};

impl Config {
    /// Reads the text of a configuration file; `file` is its name in messages.
    ///
    /// # Errors
    /// A mistake, with its line and its key: an unknown key, an invalid value, values that
    /// contradict each other.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let document = Document::new(file, text);
        if let Some(found) = legacy::find(text, TOP_LEVEL) {
            return Err(document.error_on_line(found.line, &found.key, &found.message));
        }
        let parsed = document.parse()?;
        let top = SettingsTable::top_level(&document, parsed.get_ref());
        top.reject("license", "is spelled licence: use [[licence]]")?;
        top.allow_only(TOP_LEVEL)?;
        let mut config = Self { file: file.to_owned(), ..Self::default() };
        config.read_sections(&top)?;
        jobs::read(&top, &mut config)?;
        archives::check(&top, &config)?;
        let caps = retention::read(&top, &mut config)?;
        config.warnings = config.cluster.warnings();
        config.warnings.extend(warnings::short_intervals(&config));
        policies::read(&top, &caps, &mut config)?;
        for cap in caps {
            config.policies.cap_retention(cap.tasks.as_str(), cap.max);
        }
        licences::read(&top, &mut config)?;
        config.warnings.extend(warnings::short_delays(&config));
        Ok(config)
    }

    fn read_sections(&mut self, top: &SettingsTable<'_>) -> Result<()> {
        top.read_known(GENERAL, self)?;
        top.record_lines("", &mut self.lines);
        for (section, keys) in SECTIONS {
            let table = top.section(section)?;
            table.read(keys, self)?;
            table.record_lines(section, &mut self.lines);
        }
        let parameters = top.section("parameters")?;
        for name in parameters.keys() {
            let value = parameters.optional(name, values::name)?;
            self.parameters.extend(value.map(|value| (name.to_owned(), value)));
        }
        parameters.record_lines("parameters", &mut self.lines);
        Ok(())
    }
}

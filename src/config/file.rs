use std::path::Path;

use super::error::{ConfigError, Result};
use super::options::Config;
use super::sections::{GENERAL, SECTIONS};
use super::set::{ConfigSet, ConfigTexts};
use super::table::SettingsTable;
use super::{archives, jobs, licences, notify, policies, retention, values, warnings};

impl Config {
    /// Reads the text of a configuration file; `file` is its name in messages. Of its databases
    /// with a name, only the mistakes matter.
    ///
    /// # Errors
    /// A mistake, with its line and its key: an unknown key, an invalid value, values that
    /// contradict each other.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let main = Some((Path::new(file).to_owned(), text.to_owned()));
        ConfigSet::parse(&ConfigTexts { main, ..ConfigTexts::default() }).map(|set| set.general)
    }

    /// Reads the settings of a table whose keys are known to be valid. `general` are those of the
    /// file if the table is that of one database. The policies of `overrides` take precedence.
    pub(super) fn read(
        top: &SettingsTable<'_>,
        general: Option<&Self>,
        overrides: &[SettingsTable<'_>],
    ) -> Result<Self> {
        let mut config = Self::default();
        config.read_sections(top)?;
        config.read_notify(top, general)?;
        jobs::read(top, &mut config)?;
        archives::check(top, &config)?;
        let caps = retention::read(top, &mut config)?;
        config.warnings = config.cluster.warnings();
        config.warnings.extend(warnings::short_intervals(&config));
        policies::read(top, overrides, &caps, &mut config)?;
        for cap in caps {
            config.policies.cap_retention(cap.tasks.as_str(), cap.max);
        }
        licences::read(top, &mut config)?;
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

    /// Reads `[notify]` of the file or of a database. Of the general section, a database inherits
    /// only `after`: the other keys are about all databases together.
    fn read_notify(&mut self, top: &SettingsTable<'_>, general: Option<&Self>) -> Result<()> {
        let table = top.section("notify")?;
        table.read(notify::KEYS, &mut self.notify)?;
        table.record_lines("notify", &mut self.lines);
        if self.notify.after.is_none()
            && let Some(general) = general
        {
            self.notify.after = general.notify.after;
            let line = general.line("notify", "after").cloned();
            self.lines.extend(line.map(|line| ("notify.after".to_owned(), line)));
        }
        Ok(())
    }
}

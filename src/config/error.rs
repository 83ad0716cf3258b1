pub(super) type Result<T, E = ConfigError> = std::result::Result<T, E>;

/// A mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {key}{message}")]
pub struct ConfigError {
    /// The file and the line.
    place: String,
    /// Empty, or the key and a colon.
    key: String,
    message: String,
}

impl ConfigError {
    pub(super) fn new(place: &str, key: &str, message: &str) -> Self {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        Self { place: place.to_owned(), key, message: message.to_owned() }
    }

    /// The mistake, with the database whose settings cause it if it is at a general key.
    pub(super) fn of_database(mut self, prefix: &str, line: &impl std::fmt::Display) -> Self {
        if !self.key.starts_with(prefix) {
            let cause = format!(", with the settings of the [[database]] at {line}");
            self.message.push_str(&cause);
        }
        self
    }

    /// The message without its place.
    pub(super) fn into_message(self) -> String {
        self.message
    }

    /// The message without file and line, if the mistake is in the value of this
    /// parameter, which comes from outside the file.
    #[must_use]
    pub fn parameter_message(&self, name: &str) -> Option<&str> {
        let is_about = self.key.strip_suffix(": ")? == format!("parameters.{name}");
        is_about.then_some(self.message.as_str())
    }
}

//! Doubt about a detected profile.

/// Value that only the application's configuration knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    /// Place of the value in the application's configuration.
    pub about: String,
    pub example: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionDoubt {
    /// Evidence from the rows, or the lack of it, as a clause.
    pub finding: String,
    /// Profiles that may be the right one.
    pub choices: Vec<ProfileChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChoice {
    pub name: String,
    pub parameters: Vec<Parameter>,
    /// Condition under which it is the right one, as a clause after "if".
    pub condition: &'static str,
}

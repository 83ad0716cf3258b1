//! Doubt about a detected profile.

/// Value that only the application's configuration knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name of the parameter.
    pub name: String,
    /// Place of the value in the application's configuration.
    pub about: String,
    /// Example value.
    pub example: String,
}

/// Reason why a detected profile may be the wrong one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionDoubt {
    /// Evidence from the rows, or the lack of it, as a clause.
    pub finding: String,
    /// Profiles that may be the right one.
    pub choices: Vec<ProfileChoice>,
}

/// Profile that may be the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChoice {
    /// Name of the profile.
    pub name: String,
    /// Parameters that it needs.
    pub parameters: Vec<Parameter>,
    /// Condition under which it is the right one, as a clause after "if".
    pub condition: &'static str,
}

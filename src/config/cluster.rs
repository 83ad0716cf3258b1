use std::ops::RangeInclusive;

use crate::domain::time::Span;
use crate::storage::consistency::Consistency;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterOptions {
    /// The file with the user and the password, relative to the configuration file.
    pub credentials: Option<String>,
    /// The file with the trusted CA certificates, relative to the configuration file.
    pub ca_file: Option<String>,
    /// The consistency of commands that only read.
    pub consistency: Consistency,
    /// The timeout of one request.
    pub timeout: Span,
    /// The maximum time for which a failing step is retried.
    pub patience: Span,
}

impl ClusterOptions {
    pub const TIMEOUT_RANGE: RangeInclusive<Span> = Span::seconds(1)..=Span::seconds(60);
    pub const PATIENCE_RANGE: RangeInclusive<Span> = Span::seconds(1)..=Span::minutes(10);
    /// The longest retry time in which a purge cannot outlive its lease of a minute.
    pub const RECOMMENDED_MAX_PATIENCE: Span = Span::seconds(45);

    /// Warnings of values that interfere with each other or with the lease of a purge.
    pub(super) fn warnings(&self) -> Vec<String> {
        let Self { timeout, patience, .. } = self;
        let mut warnings = Vec::new();
        if *patience > Self::RECOMMENDED_MAX_PATIENCE {
            warnings.push(format!(
                "cluster.patience = \"{patience}\" is too long for the lease of a purge, which \
                 lasts one minute: another purge may start while this one waits for the cluster; use {} or less",
                Self::RECOMMENDED_MAX_PATIENCE
            ));
        }
        if timeout > patience {
            warnings.push(format!(
                "cluster.timeout = \"{timeout}\" has no effect: cluster.patience ends a request \
                 after {patience}"
            ));
        }
        warnings
    }
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            credentials: None,
            ca_file: None,
            consistency: Consistency::default(),
            timeout: Span::seconds(10),
            patience: Span::seconds(30),
        }
    }
}

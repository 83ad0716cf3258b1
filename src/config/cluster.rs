//! How to talk to a cluster: `[cluster]`.

use toml::de::DeValue;

use super::ClusterTerms;
use super::page::{Entry, Read};
use super::read::Reader;
use super::settings::Setting;
use super::values::{name, span_within, word};
use crate::config::Config;

const KEYS: &[&str] = &["credentials", "ca_file", "consistency", "timeout", "patience"];

impl Reader<'_> {
    pub(super) fn cluster(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        for entry in self.page.table("cluster", entry)? {
            match entry.0.get_ref().as_ref() {
                "credentials" => {
                    let file = self.value("cluster.credentials", entry, name)?;
                    self.config.cluster.credentials = Some(file);
                }
                "ca_file" => {
                    let file = self.value("cluster.ca_file", entry, name)?;
                    self.config.cluster.ca_file = Some(file);
                }
                "consistency" => {
                    self.config.cluster.consistency =
                        self.value("cluster.consistency", entry, word)?;
                }
                "timeout" => {
                    let within = |value: &DeValue<'_>| span_within(value, ClusterTerms::TIMEOUTS);
                    self.config.cluster.timeout = self.value("cluster.timeout", entry, within)?;
                }
                "patience" => {
                    let within = |value: &DeValue<'_>| span_within(value, ClusterTerms::PATIENCES);
                    self.config.cluster.patience = self.value("cluster.patience", entry, within)?;
                }
                _ => return Err(self.page.unknown("cluster", entry, KEYS)),
            }
        }
        self.warn_of_patience();
        Ok(())
    }

    fn warn_of_patience(&mut self) {
        let ClusterTerms { timeout, patience, .. } = self.config.cluster;
        if patience > ClusterTerms::SENSIBLE_PATIENCE {
            self.config.warnings.push(format!(
                "cluster.patience = \"{patience}\" is long beside the lease of a purge, a minute: \
                 while one waits for the cluster, another may begin; {} is sensible",
                ClusterTerms::SENSIBLE_PATIENCE
            ));
        }
        if timeout > patience {
            self.config.warnings.push(format!(
                "cluster.timeout = \"{timeout}\" has no effect: cluster.patience ends a request \
                 after {patience}"
            ));
        }
    }
}

impl Config {
    pub(super) fn cluster_settings(&self) -> [Setting; 5] {
        let ClusterTerms { credentials, ca_file, consistency, timeout, patience } = &self.cluster;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            self.setting("cluster.credentials", or_none(credentials)),
            self.setting("cluster.ca_file", or_none(ca_file)),
            self.setting("cluster.consistency", consistency.to_string()),
            self.setting("cluster.timeout", timeout.to_string()),
            self.setting("cluster.patience", patience.to_string()),
        ]
    }
}

//! Tests of `cli::context::cluster`.

use sessctl::cli::context::cluster::duration;
use sessctl::config::ClusterOptions;
use sessctl::storage::consistency::Consistency;
use sessctl::store::Cluster;

#[test]
fn a_configuration_that_says_nothing_changes_nothing() {
    let terms = ClusterOptions::default();
    assert_eq!(duration(terms.timeout), Cluster::TIMEOUT);
    assert_eq!(duration(terms.patience), Cluster::RETRY_FOR);
    assert_eq!(terms.consistency, Consistency::default());
}

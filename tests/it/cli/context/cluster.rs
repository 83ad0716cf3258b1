//! Tests of `cli::context::cluster`.

use sessctl::cli::context::cluster::duration;
use sessctl::config::ClusterOptions;
use sessctl::storage::consistency::Consistency;
use sessctl::store::Cluster;

#[test]
fn a_configuration_that_says_nothing_changes_nothing() {
    let options = ClusterOptions::default();
    assert_eq!(duration(options.timeout), Cluster::TIMEOUT);
    assert_eq!(duration(options.patience), Cluster::RETRY_FOR);
    assert_eq!(options.consistency, Consistency::default());
}

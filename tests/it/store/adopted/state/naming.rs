//! Tests of `store::adopted::state::naming`.

use sessctl::store::Location;
use sessctl::store::adopted::state::naming::{HASH_DIGITS, name_of_cluster};

fn name(url: &str) -> String {
    match Location::parse(url.as_ref()).unwrap() {
        Location::Cluster(cluster) => name_of_cluster(&cluster),
        Location::File(_) => panic!("{url}"),
    }
}

#[test]
fn a_cluster_has_one_name_whatever_the_order_of_its_nodes() {
    let usual = name("http://db1:4001,db2:4001");
    let hash = usual.strip_prefix("db1-4001-").and_then(|rest| rest.strip_suffix(".db"));
    assert_eq!(hash.map(str::len), Some(HASH_DIGITS), "{usual}");
    for same in ["https://DB2:4001,Db1", "http://db2,db1,db2"] {
        assert_eq!(name(same), usual);
    }
    assert_ne!(name("http://db1:4001"), usual);
    assert!(name("http://[::1]:4001").starts_with("1-4001-"));
}

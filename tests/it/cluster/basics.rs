//! Operations with the same result as on a file.

use std::ops::ControlFlow;

use sessctl::app::CompactRequest;
use sessctl::domain::manners::Manners;
use sessctl::store::{self, Access, Location};
use sessctl::{Housekeeper, Opening, Policies};

use crate::support::NOW;
use crate::support::rqlite;

#[test]
#[ignore = "needs rqlite"]
fn what_one_node_has_acknowledged_the_others_serve() {
    // Given a table on three nodes
    let cluster = rqlite::shared();
    let at = Location::parse(cluster.url().as_ref()).unwrap();
    let mut keeper = Housekeeper::new(store::create(&at).unwrap(), Policies::default());
    // When a session is opened on the first
    let opening = Opening { task: "imap".into(), ..Opening::default() };
    let token = keeper.open(opening, NOW).unwrap().token;
    // Then it can be touched on each of them
    for node in &cluster.nodes {
        let at = Location::parse(node.url().as_ref()).unwrap();
        let store = store::open(&at, Access::Write).unwrap();
        let mut keeper = Housekeeper::new(store, Policies::default());
        assert!(keeper.touch(std::slice::from_ref(&token), NOW).unwrap()[0].outcome.is_served());
    }
}

#[test]
#[ignore = "needs rqlite"]
fn the_space_of_nodes_is_left_to_them() {
    let cluster = rqlite::shared();
    let at = Location::parse(cluster.url().as_ref()).unwrap();
    let mut keeper = Housekeeper::new(store::create(&at).unwrap(), Policies::default());
    let request = CompactRequest { hold: Manners::default().hold, run_time: None };
    let refused = keeper.compact(&request, NOW, &mut || ControlFlow::Continue(()));
    assert!(refused.unwrap_err().to_string().contains("-auto-vacuum-int gives space back"));
}

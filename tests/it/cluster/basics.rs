//! Operations with the same result as on a file.

use std::ops::ControlFlow;

use sessctl::app::CompactRequest;
use sessctl::store::{Access, Location};
use sessctl::{OpenRequest, Policies, SessionService, store};

use crate::support::{NOW, rqlite};

#[test]
#[ignore = "needs rqlite"]
fn sessions_opened_on_one_node_are_served_by_the_others() {
    // Given a table on three nodes
    let cluster = rqlite::shared();
    let at = Location::parse(cluster.url().as_ref()).unwrap();
    let mut service = SessionService::new(store::create(&at).unwrap(), Policies::default());
    // When a session is opened on the first
    let opening = OpenRequest { task: "imap".into(), ..OpenRequest::default() };
    let token = service.open(opening, NOW).unwrap().token;
    // Then it can be touched on each of them
    for node in &cluster.nodes {
        let at = Location::parse(node.url().as_ref()).unwrap();
        let store = store::open(&at, Access::Write).unwrap();
        let mut service = SessionService::new(store, Policies::default());
        assert!(service.touch(std::slice::from_ref(&token), NOW).unwrap()[0].outcome.is_live());
    }
}

#[test]
#[ignore = "needs rqlite"]
fn compact_is_refused_on_a_cluster() {
    let cluster = rqlite::shared();
    let at = Location::parse(cluster.url().as_ref()).unwrap();
    let mut service = SessionService::new(store::create(&at).unwrap(), Policies::default());
    let request = CompactRequest::default();
    let refused = service.compact(&request, NOW, &mut || ControlFlow::Continue(()));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("start rqlited with -auto-vacuum-int, such as 24h, to return the space")
    );
}

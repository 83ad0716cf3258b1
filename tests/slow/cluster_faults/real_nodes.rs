//! Real nodes that want to know who asks, that speak TLS, and that stop.

use std::process::Command;

use sessctl::store::{Access, Location};
use sessctl::{OpenRequest, Policies, SessionService, store};

use crate::cluster_faults::{default_timeouts, refusal, run, short_timeouts};
use crate::support::rqlite::{Node, Nodes, wait_for};
use crate::support::{Finished, NOW, Sandbox};

/// Credentials of the nodes. The harness is anonymous and may only ask whether a node is ready.
const USERS: &str = r#"[
    {"username": "*", "perms": ["ready", "status"]},
    {"username": "bob", "password": "secret", "perms": ["all"]},
    {"username": "eve", "password": "other", "perms": ["query"]}
]"#;

#[test]
#[ignore = "needs rqlite"]
fn credentials_are_accepted_or_the_refusal_is_explained() {
    // Given a node that knows two users
    let sandbox = default_timeouts();
    let users = sandbox.file("users.json", USERS);
    let nodes = Nodes::start_with(1, &["-auth", users.to_str().unwrap()]);
    let db = nodes.url();
    sandbox.file("bob", "bob:secret\n");
    sandbox.file("eve", "eve:other\n");
    sandbox.file("wrong", "bob:guess\n");
    let as_user = |user, args: &[&'static str]| {
        run(&sandbox, &db, ["--credentials", user].into_iter().chain(args.iter().copied()))
    };
    // Then the one who may do everything can
    as_user("bob", &["init"]).succeeds();
    as_user("bob", &["open", "--user", "alice", "--task", "imap"]).succeeds();
    // And the one who may look sees it
    assert_eq!(as_user("eve", &["list", "--json"]).succeeds().json().as_array().unwrap().len(), 1);
    // And the others are told
    let said = [
        as_user("eve", &["open", "--user", "alice", "--task", "imap"]),
        as_user("wrong", &["list"]),
        run(&sandbox, &db, ["list"]),
    ]
    .map(|ran| refusal(&ran, 1, &db));
    insta::assert_snapshot!(said.concat(), @r#"
    sessctl: could not query "CLUSTER": the user lacks permission for this request
    sessctl: could not query "CLUSTER": it rejected the user and password
    sessctl: could not query "CLUSTER": it requires authentication; pass --credentials FILE
    "#);
}

/// Makes an authority, and a certificate of its for this machine's loopback address.
fn certify(sandbox: &Sandbox) {
    sandbox.file("names", "subjectAltName = IP:127.0.0.1\n");
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for command in [
        format!("{new} -x509 -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"),
        format!("{new} -subj /CN=node -keyout node.key -out node.csr"),
        "x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile names -out node.pem"
            .to_owned(),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.args(command.split_whitespace()).current_dir(sandbox.path(""));
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

#[test]
#[ignore = "needs rqlite"]
fn a_node_at_https_presents_its_certificate() {
    // Given a node with a certificate that an authority of one's own has signed
    let sandbox = default_timeouts();
    certify(&sandbox);
    let file = |name| sandbox.path(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("node.pem"), file("node.key"));
    let node = Node::single(&sandbox.path("node"), &["-http-cert", &cert, "-http-key", &key]);
    let db = node.url().replace("http:", "https:");
    // Then who trusts the authority can use it
    let trusting = |db, args: &[&'static str]| {
        run(&sandbox, db, ["--ca-file", "ca.pem"].into_iter().chain(args.iter().copied()))
    };
    wait_for("the node", || trusting(&db, &["init"]).0.status.success());
    trusting(&db, &["open", "--user", "alice", "--task", "imap"]).succeeds();
    // And the others are told why they cannot
    let by_name = db.replace("127.0.0.1", "localhost");
    let plain = node.url();
    let said = [
        refusal(&run(&sandbox, &db, ["list"]), 1, &db),
        refusal(&trusting(&by_name, &["list"]), 1, &by_name),
        refusal(&run(&sandbox, &plain, ["list"]), 10, &plain),
    ];
    insta::assert_snapshot!(said.concat(), @r#"
    sessctl: could not query "CLUSTER": its certificate is signed by an unknown authority; pass --ca-file FILE
    sessctl: could not query "CLUSTER": its certificate is not valid for this host name
    sessctl: "CLUSTER" cannot be used: the server is not rqlite (status 400: Client sent an HTTP request to an HTTPS server.)
    "#);
}

#[test]
#[ignore = "needs rqlite"]
fn a_node_that_does_not_speak_tls_is_recognized() {
    let nodes = Nodes::start(1);
    let db = nodes.url().replace("http:", "https:");
    let said = refusal(&run(&default_timeouts(), &db, ["list"]), 1, &db);
    insta::assert_snapshot!(said, @r#"sessctl: could not query "CLUSTER": it does not use TLS: use http://"#);
}

const OPEN: [&str; 5] = ["open", "--user", "alice", "--task", "imap"];

#[test]
#[ignore = "needs rqlite"]
fn a_stopped_node_is_skipped() {
    let nodes = Nodes::start(3);
    let sandbox = Sandbox::without_database();
    sandbox.file("sessctl.toml", "[cluster]\ntimeout = \"1s\"\n");
    let db = nodes.url();
    run(&sandbox, &db, ["init"]).succeeds();
    // Whether it leads or follows
    for place in [nodes.leader(), 0] {
        nodes.nodes[place].signal("-STOP");
        run(&sandbox, &db, OPEN).succeeds();
        run(&sandbox, &db, ["show", "stat"]).succeeds();
        nodes.nodes[place].signal("-CONT");
        nodes.wait_until_caught_up();
    }
    assert_eq!(nodes.nodes[1].rows("SELECT count(*) FROM sessions")[0][0], 2);
}

#[test]
#[ignore = "needs rqlite"]
fn an_outage_of_all_nodes_is_waited_for() {
    // Given somebody who talks to the nodes
    let mut nodes = Nodes::start(3);
    let at = Location::parse(nodes.url().as_ref()).unwrap();
    drop(store::create(&at).unwrap());
    let store = store::open(&at, Access::Write).unwrap();
    let mut service = SessionService::new(store, Policies::default());
    let now = NOW;
    let opening = || OpenRequest { task: "imap".into(), ..OpenRequest::default() };
    let token = service.open(opening(), now).unwrap().token;
    // When all of them die and come back
    nodes.nodes.iter_mut().for_each(Node::kill);
    std::thread::scope(|scope| {
        scope.spawn(|| nodes.nodes.iter_mut().for_each(Node::start));
        // Then what was asked meanwhile is done
        assert!(service.touch(std::slice::from_ref(&token), now).unwrap()[0].outcome.is_live());
    });
    service.open(opening(), now).unwrap();
    nodes.wait_until_caught_up();
    assert_eq!(nodes.nodes[2].rows("SELECT count(*) FROM sessions")[0][0], 2);
    // And when they do not come back, it is said that it is not done
    nodes.nodes.iter_mut().for_each(Node::kill);
    let ran = run(&short_timeouts(), &nodes.url(), OPEN);
    insta::assert_snapshot!(refusal(&ran, 10, &nodes.url()), @r#"sessctl: no database at "CLUSTER": connection refused"#);
}

/// Returns the warning about the freshness of a single node, with placeholders for address and
/// number.
fn freshness_warning(ran: &Finished, node: &Node) -> String {
    let said = ran.succeeds().stderr().replace(&node.url(), "NODE");
    let words = said.split_whitespace();
    let word = |word: &str| match word.parse::<f64>() {
        Ok(_) => "SECONDS".to_owned(),
        Err(_) => word.to_owned(),
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

#[test]
#[ignore = "needs rqlite"]
fn an_isolated_node_serves_reads_with_consistency_none() {
    let mut nodes = Nodes::start(3);
    let sandbox = default_timeouts();
    run(&sandbox, &nodes.url(), ["init"]).succeeds();
    run(&sandbox, &nodes.url(), ["--consistency", "linearizable", "list"]).succeeds();
    nodes.wait_until_caught_up();
    let leader = nodes.leader();
    let other = (leader + 1) % 3;
    let alone = |nodes: &Nodes, place: usize| {
        let node = &nodes.nodes[place];
        let ran = run(&sandbox, &node.url(), ["--consistency", "none", "-v", "list"]);
        freshness_warning(&ran, node)
    };
    insta::assert_snapshot!(alone(&nodes, leader), @"no sessions sessctl: read from NODE alone, which claims to be the leader");
    insta::assert_snapshot!(alone(&nodes, other), @"no sessions sessctl: read from NODE alone, which last heard from the leader SECONDS s ago");
    // When the others are gone
    for place in (0..3).filter(|place| *place != other) {
        nodes.nodes[place].kill();
    }
    // Then it still says what it has
    insta::assert_snapshot!(alone(&nodes, other), @"no sessions sessctl: read from NODE alone, which last heard from the leader SECONDS s ago");
    // And nothing that wants a leader
    let url = nodes.nodes[other].url();
    let sandbox = short_timeouts();
    run(&sandbox, &url, ["list"]).is_refused_with(11);
    run(&sandbox, &url, ["--consistency", "linearizable", "list"]).is_refused_with(11);
    run(&sandbox, &url, OPEN).is_refused_with(11);
}

//! Tests of `cli::schedule::export`.

use sessctl::cli::schedule::export::ResolvedInvocation;
use sessctl::cli::schedule::sandbox::{ROOT_CAPABILITIES, WITH_NETWORK, WITHOUT_NETWORK};
use sessctl::cli::schedule::subject::Subject;
use sessctl::domain::time_zone::TimeZone;

use super::owner;
use super::systemd::{exposure, verify};
use crate::support::Sandbox;

pub fn purge(path: &str) -> ResolvedInvocation {
    let words = ["/usr/bin/sessctl", "--db", path, "purge"].map(str::to_owned).to_vec();
    ResolvedInvocation {
        words,
        subject: Subject::Database { place: path.to_owned(), name: None, table: None },
        directory: Some("/srv/a b".to_owned()),
        state_dir: None,
        outputs: Vec::new(),
        has_network: false,
        has_hook: false,
        owner: None,
    }
}

#[test]
fn paths_survive_the_quoting_of_systemd() {
    let schedule = "15 * *".parse().unwrap();
    let purge = purge("/srv/a b/100%.db");
    let [(_, service), _] = purge.units(&schedule, &TimeZone::Local);
    assert!(service.contains("ExecStart=/usr/bin/sessctl --db \"/srv/a b/100%%.db\" purge\n"));
    assert!(service.contains("ReadWritePaths=\"/srv/a b\"\n"));
}

#[test]
fn a_unit_has_the_rights_of_the_owner_and_bounds() {
    let schedule = "15 * *".parse().unwrap();
    let unit = |owner| {
        let [(_, service), _] =
            ResolvedInvocation { owner, ..purge("/srv/app.db") }.units(&schedule, &TimeZone::Local);
        service
    };
    let bounds = |unit: &str| {
        for line in ["MemoryMax=512M", "TimeoutStartSec=6h"] {
            assert!(unit.lines().any(|found| found == line), "{unit}");
        }
    };
    let of_user = unit(Some(owner(33, Some("www-data"))));
    let state = format!("StateDirectory=sessctl/{}", owner(33, Some("www-data")).directory());
    for line in ["User=www-data", &state, "CapabilityBoundingSet="] {
        assert!(of_user.lines().any(|found| found == line), "{of_user}");
    }
    let of_root = unit(Some(owner(0, Some("root"))));
    assert!(of_root.contains("StateDirectory=sessctl/root\n"), "{of_root}");
    let of_nobody = unit(None);
    assert!(of_nobody.contains("StateDirectory=sessctl\n"), "{of_nobody}");
    for unit in [&of_root, &of_nobody] {
        assert!(!unit.contains("User=") && unit.contains(ROOT_CAPABILITIES), "{unit}");
    }
    for unit in [of_user, of_root, of_nobody] {
        bounds(&unit);
    }
}

#[test]
fn nothing_is_closed_off_from_a_hook() {
    let schedule = "15 * *".parse().unwrap();
    let with = |has_hook| ResolvedInvocation { has_hook, ..purge("/srv/app.db") };
    for (has_hook, private_tmp) in [(false, "yes"), (true, "no")] {
        let [(_, service), _] = with(has_hook).units(&schedule, &TimeZone::Local);
        assert!(service.contains(&format!("PrivateTmp={private_tmp}\n")), "{service}");
        assert_eq!(service.contains("ProtectSystem="), !has_hook);
    }
}

#[test]
fn a_cluster_is_reached_through_the_network_and_has_no_folder() {
    let schedule = "15 * *".parse().unwrap();
    let away =
        ResolvedInvocation { directory: None, has_network: true, ..purge("http://db1:4001") };
    let [(_, service), _] = away.units(&schedule, &TimeZone::Local);
    assert!(!service.contains("PrivateNetwork") && !service.contains("ReadWritePaths"));
    assert!(service.contains(WITH_NETWORK));
    assert!(service.contains("After=network-online.target\n\n[Service]"));
    let [(_, service), _] = purge("/srv/app.db").units(&schedule, &TimeZone::Local);
    assert!(service.contains(WITHOUT_NETWORK) && !service.contains("network-online"));
}

#[test]
fn the_files_that_options_name_can_be_written() {
    let schedule = "15 * *".parse().unwrap();
    let outputs = ["/var/lib/node_exporter", "/srv/a b", "/var/log"].map(str::to_owned).to_vec();
    let call = ResolvedInvocation { outputs, ..purge("/srv/a b/app.db") };
    let [(_, service), _] = call.units(&schedule, &TimeZone::Local);
    let written: Vec<&str> =
        service.lines().filter_map(|line| line.strip_prefix("ReadWritePaths=")).collect();
    assert_eq!(written, ["\"/srv/a b\"", "/var/lib/node_exporter", "/var/log"]);
}

#[test]
fn all_databases_are_in_reach_of_one_unit() {
    let schedule = "* * *".parse().unwrap();
    let subject = Subject::All(Some("/etc/sessctl.toml".to_owned()));
    let call = ResolvedInvocation { subject, directory: None, ..purge("") };
    let [(name, service), (timer, _)] = call.units(&schedule, &TimeZone::Local);
    assert_eq!([name, timer], ["sessctl.service", "sessctl.timer"]);
    let first = "# Written by sessctl schedule print for all databases of \"/etc/sessctl.toml\"\n";
    assert!(service.starts_with(first), "{service}");
    for line in ["ProtectSystem=full", "StateDirectory=sessctl"] {
        assert!(service.lines().any(|found| found == line), "{service}");
    }
    assert!(!service.contains("ReadWritePaths") && !service.contains("ProtectHome="));
}

/// Exposure of the units of a user, of root, for all databases, and of a cluster.
#[test]
#[ignore = "needs systemd"]
fn printed_units_expose_little() {
    let sandbox = Sandbox::without_database();
    let schedule = "15 * *".parse().unwrap();
    let score = |mut call: ResolvedInvocation| {
        // A program that exists, and outside /tmp: the unit of one inside cannot have its own /tmp.
        "/bin/sh".clone_into(&mut call.words[0]);
        let units =
            call.units(&schedule, &TimeZone::Local).map(|(name, text)| sandbox.file(&name, text));
        verify(&units);
        exposure(&units[0])
    };
    let own = |owner| ResolvedInvocation { owner, ..purge("/srv/app.db") };
    // systemd warns of `nobody`.
    let of_user = score(own(Some(owner(1, Some("daemon")))));
    let nameless = score(own(Some(owner(424_242, None))));
    let of_root = score(own(Some(owner(0, Some("root")))));
    let of_all = score(ResolvedInvocation {
        subject: Subject::All(None),
        directory: None,
        ..purge("/srv/app.db")
    });
    let of_cluster = score(ResolvedInvocation {
        directory: None,
        has_network: true,
        ..purge("http://db1:4001")
    });
    assert!(of_user <= 1.0 && nameless <= 1.0, "{of_user} {nameless}");
    assert!(of_root <= 2.0 && of_all <= 2.0, "{of_root} {of_all}");
    // Root, and the network
    assert!(of_cluster <= 3.0, "{of_cluster}");
}

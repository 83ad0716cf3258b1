//! Tests of `cli::schedule::export`.

use sessctl::cli::schedule::export::{
    CAPABILITIES_OF_ROOT, NO_ADDRESS_FAMILIES, ResolvedInvocation,
};
use sessctl::domain::time_zone::TimeZone;

use super::owner;

pub fn purge(path: &str) -> ResolvedInvocation {
    let words = ["/usr/bin/sessctl", "--db", path, "purge"].map(str::to_owned).to_vec();
    let directory = Some("/srv/a b".to_owned());
    ResolvedInvocation {
        words,
        directory,
        state_dir: None,
        verb: "purge",
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
        assert!(!unit.contains("User=") && unit.contains(CAPABILITIES_OF_ROOT), "{unit}");
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
    }
}

#[test]
fn a_cluster_is_reached_through_the_network_and_has_no_folder() {
    let schedule = "15 * *".parse().unwrap();
    let away = ResolvedInvocation { directory: None, ..purge("http://db1:4001") };
    let [(_, service), _] = away.units(&schedule, &TimeZone::Local);
    assert!(!service.contains("PrivateNetwork") && !service.contains("ReadWritePaths"));
    assert!(service.contains("RestrictAddressFamilies=AF_INET AF_INET6"));
    assert!(service.contains("After=network-online.target\n\n[Service]"));
    let [(_, service), _] = purge("/srv/app.db").units(&schedule, &TimeZone::Local);
    assert!(service.contains("PrivateNetwork=yes\n") && !service.contains("network-online"));
    assert!(service.contains(NO_ADDRESS_FAMILIES));
}

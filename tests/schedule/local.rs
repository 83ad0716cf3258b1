//! The zone of the machine. A test cannot change it under the others, so it
//! runs itself once more, with another `TZ`.

use std::process::Command;

use sessctl::domain::zone::Zone;

use super::{at, schedule, zone};

const AGAIN: &str = "SESSCTL_TEST_IN_ANOTHER_ZONE";

#[test]
fn s1_the_local_zone_is_the_machine_s() {
    if std::env::var_os(AGAIN).is_none() {
        // given a machine in the zone of Berlin, told in a form that needs no data
        let again = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "local::s1_the_local_zone_is_the_machine_s"])
            .env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
            .env(AGAIN, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&again.stdout);
        assert!(again.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    for change in ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"] {
        for spec in ["30 2 *", "30 * *", "0 2,3 7"] {
            // when a job runs in the local zone, then it runs as it would there
            let job = schedule(spec);
            let in_zone =
                |zone: &Zone| job.runs_after(at(change), zone).take(48).collect::<Vec<_>>();
            assert_eq!(in_zone(&Zone::Local), in_zone(&zone("Europe/Berlin")), "{spec}");
        }
    }
}

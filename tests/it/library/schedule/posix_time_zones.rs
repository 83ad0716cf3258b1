//! The zone of the machine, as rules in POSIX notation give it.

use jiff::tz;
use sessctl::domain::time_zone::TimeZone;

use super::{schedule, zone};
use crate::support::at;

#[test]
fn s1_the_local_zone_is_the_machine_s() {
    // given a machine in the zone of Berlin, told in a form that needs no data
    let rules = "CET-1CEST,M3.5.0,M10.5.0/3";
    let local = TimeZone::machine(tz::TimeZone::posix(rules).unwrap(), rules);
    for change in ["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"] {
        for spec in ["30 2 *", "30 * *", "0 2,3 7"] {
            // when a job runs in the local zone, then it runs as it would there
            let job = schedule(spec);
            let in_zone = |zone: &TimeZone| {
                job.occurrences_after(at(change), zone).take(48).collect::<Vec<_>>()
            };
            assert_eq!(in_zone(&local), in_zone(&zone("Europe/Berlin")), "{spec}");
        }
    }
}

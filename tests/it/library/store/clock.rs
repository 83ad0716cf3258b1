//! The promises of `domain::port::Ledger` that are about the clocks of machines.

use sessctl::domain::clock::{ClockReference, ClockStamp};
use sessctl::domain::time::UnixTime;

use crate::support::NOW;
use crate::support::store::{TestDb, suite};

suite!(tests);

/// Clocks of a machine this many seconds from now.
fn stamp(seconds: i64) -> ClockStamp {
    ClockStamp {
        wall: UnixTime(NOW.0 + seconds),
        boot: Some("9f6d".to_owned()),
        boottime: 1_000 + seconds,
        uptime: Some(999 + seconds),
    }
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn each_machine_has_a_reference_of_its_own() {
            let mut db = db();
            let ledger = &mut db.sessions;
            // Where the system says less, and the clocks are faked
            let bare = ClockStamp { wall: UnixTime(-5), boot: None, boottime: -7, uptime: None };
            assert_eq!(ledger.clock_reference("mail1").unwrap(), None);
            ledger.set_clock_reference("mail1", &stamp(0)).unwrap();
            ledger.set_clock_reference("mail2", &bare).unwrap();
            assert_eq!(ledger.clock_reference("mail1").unwrap(), Some(ClockReference::at(stamp(0))));
            assert_eq!(ledger.clock_reference("mail2").unwrap(), Some(ClockReference::at(bare)));
            ledger.set_clock_reference("mail1", &stamp(60)).unwrap();
            assert_eq!(ledger.clock_reference("mail1").unwrap(), Some(ClockReference::at(stamp(60))));
            assert_eq!(ledger.clock_reference("MAIL1").unwrap(), None);
        }

        #[test]
        $(#[$on])*
        fn a_jump_is_kept_beside_its_reference_until_there_is_another() {
            let mut db = db();
            let ledger = &mut db.sessions;
            // Given a jump without a reference, then nothing is kept
            ledger.record_clock_jump("mail1", &stamp(0), &stamp(9)).unwrap();
            assert_eq!(ledger.clock_reference("mail1").unwrap(), None);
            // When it is from the reference, then it is kept, and a later one instead of it
            ledger.set_clock_reference("mail1", &stamp(0)).unwrap();
            for jump in [stamp(7_200), stamp(-7_200)] {
                ledger.record_clock_jump("mail1", &stamp(0), &jump).unwrap();
                let expected = ClockReference { last: stamp(0), jump: Some(jump) };
                assert_eq!(ledger.clock_reference("mail1").unwrap(), Some(expected));
            }
            // When another run was faster, then that one's reference stays alone
            ledger.set_clock_reference("mail1", &stamp(60)).unwrap();
            ledger.record_clock_jump("mail1", &stamp(0), &stamp(9)).unwrap();
            assert_eq!(ledger.clock_reference("mail1").unwrap(), Some(ClockReference::at(stamp(60))));
        }
    };
}
use tests;

//! Tests of `app::notify`.

use sessctl::app::EndHook;
use sessctl::app::notify::Notifier;
use sessctl::domain::policy::Policies;
use sessctl::domain::session::Session;
use sessctl::domain::time::UnixTime;

/// A hook with this name that fails.
struct FailingHook(&'static str);

impl EndHook for FailingHook {
    fn ended(&mut self, _: &[Session], _: &Policies) -> Result<(), String> {
        Err("it fails".to_owned())
    }

    fn name(&self) -> &'static str {
        self.0
    }

    fn is_listening(&self) -> bool {
        self.0 != "nobody"
    }
}

#[test]
fn sessions_that_several_hooks_miss_count_once() {
    let mut notifier = Notifier::default();
    notifier.add(Box::new(FailingHook("nobody")));
    assert!(!notifier.is_enabled());
    notifier.record_missed(3, UnixTime(7));
    assert_eq!(notifier.take_missed_notifications(), None);
    for name in ["the report", "the hook"] {
        notifier.add(Box::new(FailingHook(name)));
    }
    notifier.record_missed(3, UnixTime(7));
    assert_eq!(
        notifier.take_missed_notifications().unwrap().to_string(),
        "the hook and the report did not receive 3 ended sessions: the response of the cluster was lost"
    );
}

//! Tests of `domain::job::spacing`.

use sessctl::domain::filter::SelectionRule;
use sessctl::domain::guard::GuardLimits;
use sessctl::domain::job::{Interval, Job, JobAction, JobTiming, min_spacing};
use sessctl::domain::policy::Policies;
use sessctl::domain::time::Span;

fn purge(when: JobTiming, task: Option<&str>) -> Job {
    let work = JobAction::Purge(task.map(Into::into));
    Job {
        selection: SelectionRule::default(),
        name: "purge".to_owned(),
        when,
        work,
        limits: GuardLimits::default(),
        late: None,
        host: None,
        why: None,
        enabled: true,
    }
}

fn at(schedule: &str, task: Option<&str>) -> Job {
    purge(JobTiming::At(schedule.parse().unwrap()), task)
}

fn spacing(jobs: &[Job], task: Option<&str>) -> Option<i64> {
    let mut policies = Policies::default();
    policies.insert("mail", policies.default.clone());
    min_spacing(jobs, &policies, task, Span::ZERO).map(Span::as_seconds)
}

#[test]
fn t6_purges_are_as_far_apart_as_their_times_in_a_week() {
    for (schedule, seconds) in [
        ("* * *", 60),
        ("15 * *", 3_600),
        ("0 2,14 *", 43_200),
        ("0 3 *", 86_400),
        ("0 0 *", 86_400),
        ("0 3 mon-fri", 86_400),
        ("0 23 mon,tue", 86_400),
        ("59 23 7", 604_800),
        ("0 0 1", 604_800),
    ] {
        assert_eq!(spacing(&[at(schedule, None)], None), Some(seconds), "{schedule}");
    }
    let both = [at("0 3 *", None), at("0 5 1", Some("*"))];
    assert_eq!(spacing(&both, None), Some(7_200));
    let every = purge(JobTiming::Every(Interval::Fixed(Span::minutes(5))), None);
    assert_eq!(spacing(&[at("0 3 *", None), every], None), Some(300));
}

#[test]
fn t6_only_the_purges_of_the_task_count() {
    let jobs = [at("0 3 *", Some("MAIL")), at("0 3 1", Some("news"))];
    assert_eq!(spacing(&jobs, Some("mail")), Some(86_400));
    assert_eq!(spacing(&jobs, None), Some(604_800));
    let disabled = Job { enabled: false, ..at("0 3 *", None) };
    let cycle = Job { work: JobAction::Cycle("*".into()), ..at("0 3 *", None) };
    assert_eq!(spacing(&[disabled, cycle], None), None);
}

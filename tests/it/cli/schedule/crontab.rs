//! Tests of `cli::schedule::crontab`.

use sessctl::cli::schedule::crontab::CrontabKind;
use sessctl::cli::schedule::export::ResolvedInvocation;
use sessctl::cli::schedule::user::ScheduleUser;
use sessctl::domain::time_zone::TimeZone;

use super::export::purge;
use super::owner;

fn purge_as(owner: ScheduleUser) -> ResolvedInvocation {
    let mut call = purge("/srv/app.db");
    call.owner = Some(owner);
    call
}

fn line(call: &ResolvedInvocation, table: CrontabKind) -> anyhow::Result<String> {
    call.crontab_line(&"15 * *".parse().unwrap(), &TimeZone::Local, table)
}

#[test]
fn a_path_survives_the_quoting_of_cron() {
    let line = line(&purge("/srv/a b/100%.db"), CrontabKind::User).unwrap();
    assert_eq!(line, r"15 * * * * /usr/bin/sessctl --db '/srv/a b/100\%.db' purge");
}

#[test]
fn a_line_for_the_system_names_the_user() {
    let plain = "/usr/bin/sessctl --db /srv/app.db purge";
    let of_user = purge_as(owner(33, Some("www-data")));
    assert_eq!(
        line(&of_user, CrontabKind::System).unwrap(),
        format!("15 * * * * www-data {plain}")
    );
    let own = purge_as(ScheduleUser::caller());
    assert_eq!(line(&own, CrontabKind::User).unwrap(), format!("15 * * * * {plain}"));
    assert!(line(&purge("/srv/app.db"), CrontabKind::System).is_err());
}

#[test]
fn a_comment_names_the_owner_of_another_users_crontab() {
    let other = ScheduleUser::caller().uid + 1;
    let call = purge_as(owner(other, Some("www-data")));
    let text = line(&call, CrontabKind::User).unwrap();
    assert!(
        text.starts_with("# for the crontab of www-data: crontab -u www-data -e\n15 * "),
        "{text}"
    );
    let nameless = purge_as(owner(other, Some("a b")));
    for table in [CrontabKind::User, CrontabKind::System] {
        let reason = line(&nameless, table).unwrap_err().to_string();
        assert!(reason.contains("cron cannot read the name of user \"a b\""), "{reason}");
    }
}

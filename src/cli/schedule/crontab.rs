//! sessctl as a crontab line.

use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;

use super::export::ResolvedInvocation;
use super::user::ScheduleUser;
use crate::cli::exit::Usage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrontabKind {
    /// A user's own, edited with `crontab -e`.
    User,
    /// A file in `/etc/cron.d`, with a field for the user.
    System,
}

impl ResolvedInvocation {
    /// A line for `crontab`, quoted for the shell that cron starts. cron itself
    /// makes a new line of each percent sign that has no backslash, and knows no
    /// zone but the machine's.
    pub fn crontab_line(
        &self,
        schedule: &Schedule,
        zone: &TimeZone,
        table: CrontabKind,
    ) -> anyhow::Result<String> {
        let command = shlex::try_join(self.words.iter().map(String::as_str))?;
        if command.contains('\n') {
            return Err(Usage::error("a crontab line cannot contain a path with a line break"));
        }
        let (comment, field) = match table {
            CrontabKind::User => (self.whose_crontab()?, String::new()),
            CrontabKind::System => (String::new(), format!("{} ", self.user()?.for_cron()?)),
        };
        let line = format!("{} {field}{}", schedule.to_crontab(), command.replace('%', "\\%"));
        Ok(match zone {
            TimeZone::Local | TimeZone::Machine(_) => format!("{comment}{line}"),
            TimeZone::Named(_) => format!(
                "{comment}# cron reads this line in the machine's time zone, not in {zone}:\n{line}"
            ),
        })
    }

    /// A comment that names the owner of the database, unless that is the caller.
    fn whose_crontab(&self) -> anyhow::Result<String> {
        let caller = ScheduleUser::caller();
        let Some(owner) = self.owner.as_ref().filter(|owner| owner.uid != caller.uid) else {
            return Ok(String::new());
        };
        let name = owner.for_cron()?;
        Ok(format!("# for the crontab of {name}: crontab -u {name} -e\n"))
    }

    /// The user whose rights a call has.
    fn user(&self) -> anyhow::Result<ScheduleUser> {
        match (&self.owner, &self.directory) {
            (Some(owner), _) => Ok(owner.clone()),
            (None, None) => Ok(ScheduleUser::caller()),
            (None, Some(directory)) => Err(Usage::error(format!(
                "the database does not exist in {directory} yet, and the line needs the name of its \
                 owner; create the database first"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::export::tests::purge;
    use super::*;

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
        let of_user = purge_as(ScheduleUser::named(33, "www-data"));
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
        let call = purge_as(ScheduleUser::named(other, "www-data"));
        let text = line(&call, CrontabKind::User).unwrap();
        assert!(
            text.starts_with("# for the crontab of www-data: crontab -u www-data -e\n15 * "),
            "{text}"
        );
        let nameless = purge_as(ScheduleUser::named(other, "a b"));
        for table in [CrontabKind::User, CrontabKind::System] {
            let reason = line(&nameless, table).unwrap_err().to_string();
            assert!(reason.contains("cron cannot read the name of user \"a b\""), "{reason}");
        }
    }
}

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

//! Next steps with printed schedules, for people.

use std::borrow::Cow;
use std::path::Path;

use super::crontab::CrontabKind;
use super::export::ResolvedInvocation;
use super::user::ScheduleUser;

/// Directories in which systemd looks for units.
const UNIT_DIRECTORIES: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

impl ResolvedInvocation {
    pub fn next_step_for_systemd(&self, directory: &Path) -> String {
        let timer = format!("{}.timer", self.subject.unit_name());
        let timer = shlex::try_quote(&timer).map_or(timer.clone(), Cow::into_owned);
        let enable = format!("systemctl daemon-reload && systemctl enable --now {timer}");
        if UNIT_DIRECTORIES.iter().any(|known| Path::new(known) == directory) {
            return format!("next, type: {enable}");
        }
        format!("next, copy both files to /etc/systemd/system, and type: {enable}")
    }

    pub fn next_step_for_cron(&self, table: CrontabKind) -> String {
        let caller = ScheduleUser::caller();
        match (table, self.owner.as_ref().filter(|owner| owner.uid != caller.uid)) {
            (CrontabKind::System, _) => format!(
                "next, write this to a file such as /etc/cron.d/{}: its name may contain only \
                 letters, digits, underscores and hyphens, and its last line has to end with a \
                 line break",
                self.cron_name()
            ),
            (CrontabKind::User, None) => {
                "next, type crontab -e, and add this line at the end".to_owned()
            }
            (CrontabKind::User, Some(owner)) => {
                // A user without a name has been refused.
                let name = owner.for_cron().unwrap_or_default();
                format!("next, type crontab -u {name} -e, and add this line at the end")
            }
        }
    }

    /// Name of the units, in characters that cron accepts in the name of a file.
    fn cron_name(&self) -> String {
        let accepted =
            |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
        self.subject.unit_name().replace("\\x2d", "-").chars().map(accepted).collect()
    }
}

//! The text of a service and of its timer.

use std::fmt::{self, Display, Formatter};

use super::sandbox::Sandbox;

pub struct Service {
    /// The first line, a comment that tells whose file it is.
    pub owner_line: String,
    pub description: String,
    pub needs_network: bool,
    /// Lines with the user and the group; empty: root.
    pub user: String,
    /// The command, quoted.
    pub command: String,
    /// Line with the directory for the state of framework tables.
    pub state: String,
    /// `None`: hooks may need access to anything.
    pub sandbox: Option<Sandbox>,
}

/// Bounds that no run comes near unless something is wrong.
const LIMITS: &str = "\
# A purge of millions of rows takes 32 MB, and 200 MB with --fast.
MemoryMax=512M
# A run that hangs is stopped, because it would prevent the timer from starting the next one.
# What it has committed is kept, and the next run continues.
TimeoutStartSec=6h
";

const UNRESTRICTED: &str = "\
# No restrictions: the commands of the configuration may need access to anything.
PrivateTmp=no
UMask=0077
";

impl Display for Service {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { owner_line, description, user, command, state, .. } = self;
        writeln!(f, "{owner_line}\n[Unit]\nDescription={description}")?;
        if self.needs_network {
            f.write_str("Wants=network-online.target\nAfter=network-online.target\n")?;
        }
        write!(
            f,
            "\n\
             [Service]\n\
             Type=oneshot\n\
             {user}\
             ExecStart={command}\n\
             # 3: incomplete; the next run continues. 11: another process is at work, or the\n\
             # database is locked.\n\
             SuccessExitStatus=3 11\n\
             Nice=10\n\
             IOSchedulingClass=idle\n\
             {LIMITS}\
             {state}"
        )?;
        match &self.sandbox {
            Some(sandbox) => sandbox.fmt(f),
            None => f.write_str(UNRESTRICTED),
        }
    }
}

pub struct Timer {
    /// Same as that of the service.
    pub owner_line: String,
    pub description: String,
    /// Times in the language of systemd.
    pub calendar: String,
}

impl Display for Timer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { owner_line, description, calendar } = self;
        write!(
            f,
            "{owner_line}\n\
             [Unit]\n\
             Description={description}\n\
             \n\
             [Timer]\n\
             OnCalendar={calendar}\n\
             AccuracySec=1s\n\
             # A run that was missed while the machine was off is made up for, once.\n\
             Persistent=true\n\
             \n\
             [Install]\n\
             WantedBy=timers.target\n"
        )
    }
}

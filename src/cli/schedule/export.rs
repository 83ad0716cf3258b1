//! A call of sessctl as a crontab line and as systemd units.

use std::borrow::Cow;
use std::env;
use std::path::{Path, PathBuf};

use crate::domain::schedule::Schedule;
use crate::domain::time_zone::TimeZone;
use crate::store::Location;
use anyhow::Context as _;

use super::user::ScheduleUser;
use crate::cli::exit::Usage;
use crate::cli::profiles::is_file;

pub struct Invocation<'a> {
    pub config: Option<&'a Path>,
    pub db: &'a Location,
    /// Name of the database, if it is a configured one.
    pub name: Option<&'a str>,
    pub profile: Option<&'a Path>,
    pub table: Option<&'a str>,
    pub params: &'a [(String, String)],
    pub state_dir: Option<&'a Path>,
    /// Options that name files which a cluster wants.
    pub files: Vec<(&'static str, PathBuf)>,
    pub is_of_jobs: bool,
    pub has_hook: bool,
    /// Owner of the database file; `None`: there is no file.
    pub owner: Option<ScheduleUser>,
}

impl Invocation<'_> {
    /// Invocation with full paths, because schedulers use another working directory and search
    /// path.
    pub fn resolve(&self) -> anyhow::Result<ResolvedInvocation> {
        let (db, directory) = match self.db {
            Location::File(path) => {
                let db = absolute(path)?;
                let directory = Path::new(&db).parent().unwrap_or(Path::new("/"));
                let directory = directory.display().to_string();
                (db, Some(directory))
            }
            Location::Cluster(cluster) => (cluster.to_string(), None),
        };
        let mut words = vec![absolute(&env::current_exe()?)?];
        if let Some(config) = self.config {
            words.extend(["--config".to_owned(), absolute(config)?]);
        }
        let verb = if self.is_of_jobs { "run" } else { "purge" };
        words.extend(["--db".to_owned(), self.name.map_or(db, str::to_owned)]);
        if let Some(profile) = self.profile {
            words.extend(["--profile".to_owned(), named(profile)?]);
        }
        if let Some(table) = self.table {
            words.extend(["--table".to_owned(), table.to_owned()]);
        }
        for (name, value) in self.params {
            words.extend(["--param".to_owned(), format!("{name}={value}")]);
        }
        for (option, file) in &self.files {
            words.extend([(*option).to_owned(), absolute(file)?]);
        }
        let state_dir = self.state_dir.map(absolute).transpose()?;
        if let Some(directory) = &state_dir {
            words.extend(["--state-dir".to_owned(), directory.clone()]);
        }
        words.push(verb.to_owned());
        let (has_hook, owner) = (self.has_hook, self.owner.clone());
        Ok(ResolvedInvocation { words, directory, state_dir, verb, has_hook, owner })
    }
}

pub struct ResolvedInvocation {
    pub words: Vec<String>,
    /// The directory of the database; `None`: it is on a cluster.
    pub directory: Option<String>,
    pub state_dir: Option<String>,
    pub verb: &'static str,
    pub has_hook: bool,
    pub owner: Option<ScheduleUser>,
}

impl ResolvedInvocation {
    pub fn units(&self, schedule: &Schedule, zone: &TimeZone) -> [(String, String); 2] {
        let name = |kind: &str| format!("sessctl-{}.{kind}", self.verb);
        [(name("service"), self.service()), (name("timer"), timer(schedule, zone))]
    }

    fn is_under_tmp(&self) -> bool {
        let tmp =
            |word: &String| ["/tmp", "/var/tmp"].iter().any(|tmp| Path::new(word).starts_with(tmp));
        self.words.iter().any(tmp)
    }

    /// Directory for the state of a framework's table. One that is not named is systemd's
    /// state directory.
    fn state(&self) -> String {
        match &self.state_dir {
            Some(directory) => format!("ReadWritePaths={}", of_a_path(directory)),
            None => format!("StateDirectory={}", self.state_directory()),
        }
    }

    fn state_directory(&self) -> String {
        let of_owner = |owner: &ScheduleUser| {
            format!("sessctl/{}\nStateDirectoryMode=0700", owner.directory())
        };
        self.owner.as_ref().map_or_else(|| "sessctl".to_owned(), of_owner)
    }

    fn order(&self) -> &'static str {
        match self.directory {
            Some(_) => "",
            None => "Wants=network-online.target\nAfter=network-online.target\n",
        }
    }

    fn writable_paths(&self) -> String {
        let line = |directory: &String| format!("ReadWritePaths={}\n", of_a_path(directory));
        self.directory.as_ref().map_or_else(String::new, line)
    }

    fn hardening(&self) -> Cow<'static, str> {
        match self.directory {
            _ if self.has_hook => UNHARDENED.into(),
            Some(_) if self.is_of_a_user() => {
                HARDENING.replace(CAPABILITIES_OF_ROOT, "CapabilityBoundingSet=\n").into()
            }
            Some(_) => HARDENING.into(),
            None => HARDENING
                .replace("PrivateNetwork=yes\n", "")
                .replace(NO_ADDRESS_FAMILIES, CLUSTER_ADDRESS_FAMILIES)
                .into(),
        }
    }

    fn is_of_a_user(&self) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.uid != 0)
    }

    fn service(&self) -> String {
        let command: Vec<String> = self.words.iter().map(|word| systemd_word(word)).collect();
        format!(
            "[Unit]\n\
             Description=End and purge unused sessions\n\
             {order}\n\
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
             {directory}{state}\n\
             PrivateTmp={private_tmp}\n{hardening}",
            command = command.join(" "),
            user = self.owner.as_ref().map_or_else(String::new, ScheduleUser::in_unit),
            order = self.order(),
            directory = self.writable_paths(),
            state = self.state(),
            // A private /tmp would hide a program or a database that is there.
            private_tmp = if self.has_hook || self.is_under_tmp() { "no" } else { "yes" },
            hardening = self.hardening(),
        )
    }
}

/// A path outside of commands, which alone have variables.
fn of_a_path(path: &str) -> String {
    systemd_word(path).replace("$$", "$")
}

/// Bounds that no run comes near unless something is wrong.
const LIMITS: &str = "\
# A purge of millions of rows takes 32 MB, and 200 MB with --fast.
MemoryMax=512M
# A run that hangs is stopped, because it would prevent the timer from starting the next one.
# What it has committed is kept, and the next run continues.
TimeoutStartSec=6h
";

pub const CAPABILITIES_OF_ROOT: &str =
    "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETGID CAP_SETUID\n";

/// Restrictions for a program that works on one file.
const HARDENING: &str = "\
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETGID CAP_SETUID
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateNetwork=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=none
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
";

pub const NO_ADDRESS_FAMILIES: &str = "RestrictAddressFamilies=none";
/// A name is looked up through the last two.
const CLUSTER_ADDRESS_FAMILIES: &str =
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX";

/// Restrictions that are dropped for a hook, whose needs are unknown.
const UNHARDENED: &str = "\
# No restrictions: the hook may need access to anything.
UMask=0077
";

fn timer(schedule: &Schedule, zone: &TimeZone) -> String {
    let zone = match zone {
        TimeZone::Local | TimeZone::Machine(_) => String::new(),
        TimeZone::Named(_) => format!(" {zone}"),
    };
    format!(
        "[Unit]\n\
         Description=End and purge unused sessions\n\
         \n\
         [Timer]\n\
         OnCalendar={}{zone}\n\
         AccuracySec=1s\n\
         # A run that was missed while the machine was off is made up for, once.\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n",
        schedule.to_on_calendar()
    )
}

/// A word of a unit file, which has quotes, escapes and specifiers of its own.
fn systemd_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@".contains(c);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn named(profile: &Path) -> anyhow::Result<String> {
    if is_file(profile) { absolute(profile) } else { Ok(profile.display().to_string()) }
}

fn absolute(path: &Path) -> anyhow::Result<String> {
    let full = std::path::absolute(path)
        .with_context(|| format!("could not find \"{}\"", path.display()))?;
    full.into_os_string()
        .into_string()
        .map_err(|path| Usage::error(format!("\"{}\" is not valid UTF-8", path.display())))
}

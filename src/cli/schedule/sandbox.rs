//! Restrictions of a service: the printed units and those in `packaging/systemd` share them.

use std::fmt::{self, Display, Formatter};

use super::quoting::quote_path;

/// Capabilities of root that its service keeps: to find a database, to take the privileges of
/// its owner, and to make directories for that owner.
pub const ROOT_CAPABILITIES: &str = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_SETGID CAP_SETUID";

const ROOT_PURPOSE: &str = "\
# Root finds a database, takes the privileges of its owner for good before opening it, and makes
# directories for that owner. To end the processes that have those privileges is left to systemd.
";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    pub is_root: bool,
    pub has_network: bool,
    pub writable: Writable,
    /// Set unless a program or a database is below /tmp.
    pub has_private_tmp: bool,
}

/// Directories in which a service may write, as far as its user may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writable {
    /// All except those of the system.
    Sites,
    Only(Vec<String>),
}

/// Bounds of a program that needs no device, no other process and no setting of the kernel.
const COMMON: &str = "\
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
# Leases find out with kill(2) whether a process has ended; the rest of /proc tells the time
# since the start of the machine, which the guard of the clock compares.
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@resources
# To ask whether the clock is synchronized, which ProtectClock= would forbid. Without CAP_SYS_TIME,
# nobody can set it.
SystemCallFilter=adjtimex clock_adjtime clock_adjtime64
UMask=0077
";

/// `AF_UNIX` is for the system's log and for the names of users.
pub const WITHOUT_NETWORK: &str = "\
IPAddressDeny=any
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
";

/// A name is looked up through the last two.
pub const WITH_NETWORK: &str = "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX\n";

/// Lines of a drop-in that allow the network.
const NETWORK_ADVICE: &str = "\
# No network. A ping in [notify] and the address of a cluster need it; allow it for this unit
# with `systemctl edit` and these lines:
#   [Service]
#   IPAddressDeny=
#   PrivateNetwork=no
#   RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK
";

const SITES: &str = "\
# Databases of sites can be anywhere, also in /home and in a directory of their own below /.
# What the system consists of is read-only: /usr, /boot and /etc. Everything else is changed only
# with the privileges of the owner of a database.
ProtectSystem=full
";

impl Display for Sandbox {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_root {
            writeln!(f, "{ROOT_PURPOSE}CapabilityBoundingSet={ROOT_CAPABILITIES}")?;
        } else {
            f.write_str("CapabilityBoundingSet=\n")?;
        }
        f.write_str(COMMON)?;
        if !self.is_root {
            f.write_str("SystemCallFilter=~@privileged\n")?;
        }
        match (self.has_network, &self.writable) {
            (true, _) => f.write_str(WITH_NETWORK)?,
            (false, Writable::Sites) => write!(f, "{NETWORK_ADVICE}{WITHOUT_NETWORK}")?,
            (false, Writable::Only(_)) => f.write_str(WITHOUT_NETWORK)?,
        }
        if self.has_private_tmp {
            f.write_str("PrivateTmp=yes\n")?;
        }
        match &self.writable {
            Writable::Sites => f.write_str(SITES),
            Writable::Only(directories) => {
                f.write_str("ProtectHome=read-only\nProtectSystem=strict\n")?;
                directories
                    .iter()
                    .try_for_each(|path| writeln!(f, "ReadWritePaths={}", quote_path(path)))
            }
        }
    }
}

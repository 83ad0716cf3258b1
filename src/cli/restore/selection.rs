//! The archived sessions that are to be restored.

use std::collections::HashMap;
use std::io;

use anyhow::Context as _;

use crate::Error;
use crate::app::SessionService;
use crate::cli::archive::reader::{ArchiveFile, Identity, ReadSession};
use crate::cli::context::Context;
use crate::cli::run_note::Typed;
use crate::cli::users::unknown_user;
use crate::domain::error::UnknownUser;
use crate::domain::time::UnixTime;
use crate::storage::ArchivedSession;

#[derive(clap::Args)]
pub(super) struct SelectionArgs {
    /// Restore only the sessions with these handles
    #[arg(long, value_name = "HANDLE", num_args = 1..)]
    session: Vec<String>,
    /// Restore only the sessions of this user; where the profile says where names are, a name
    /// or an id
    #[arg(long)]
    user: Option<String>,
    /// Restore sessions that were archived from another database, or from this one before it was
    /// moved or copied
    #[arg(long)]
    any_database: bool,
}

impl SelectionArgs {
    pub(super) fn typed(&self) -> Typed {
        let mut typed = Typed::default();
        typed.option("--session", &self.session).option("--user", self.user.as_ref());
        typed.flag("--any-database", self.any_database);
        typed
    }

    fn is_all(&self) -> bool {
        self.user.is_none() && self.session.is_empty()
    }

    /// Error of a selection without a session.
    fn found_none(&self, archives: &[ArchiveFile], unknown: Option<UnknownUser>) -> Error {
        let archives: Vec<String> =
            archives.iter().map(|archive| format!("\"{}\"", archive.path.display())).collect();
        Error::NotArchived {
            what: match (&self.user, &self.session[..]) {
                (Some(user), []) => format!("session of user {user:?}"),
                (Some(user), _) => format!("such session of user {user:?}"),
                (None, handles) => format!("session with the handle {}", handles.join(" or ")),
            },
            archive: archives.join(", "),
            unknown: unknown.map(Box::new),
        }
    }
}

const NATIVE_TABLE: &str = "sessions";

/// Place of a session: the archive, and its number there.
type Place = (usize, u64);

pub(super) struct Selection<'a> {
    archives: &'a [ArchiveFile],
    /// Latest row of each session.
    latest: HashMap<Identity, (Option<UnixTime>, Place)>,
}

/// The table to restore to.
struct Destination {
    database: Option<String>,
    table: String,
    profile: Option<String>,
}

impl Destination {
    fn of(args: &SelectionArgs, service: &SessionService, own: &str) -> Self {
        let profile = service.profile();
        Self {
            database: (!args.any_database).then(|| own.to_owned()),
            table: profile.map_or(NATIVE_TABLE, |profile| &profile.table).to_owned(),
            profile: profile.map(|profile| profile.name.clone()),
        }
    }

    fn is_of(&self, found: &ReadSession) -> bool {
        self.database.as_ref().is_none_or(|own| *own == found.database)
            && self.profile == found.profile
            && self.table.eq_ignore_ascii_case(&found.session.row.table)
    }

    fn refusal(&self, archive: &ArchiveFile, found: &ReadSession, own: &str) -> Error {
        let name = archive.path.display();
        let found_in =
            describe(&found.session.row.table, found.profile.as_deref(), &found.database);
        let own = describe(&self.table, self.profile.as_deref(), own);
        let any = if self.profile == found.profile
            && self.table.eq_ignore_ascii_case(&found.session.row.table)
        {
            "; if this is that database, moved or copied, pass --any-database"
        } else {
            ""
        };
        Error::Refused(format!("\"{name}\" has sessions of {found_in}, and none of {own}{any}"))
    }
}

fn describe(table: &str, profile: Option<&str>, database: &str) -> String {
    let profile =
        profile.map_or_else(|| "sessctl's own".to_owned(), |name| format!("profile {name}"));
    format!("the table {table} ({profile}) in \"{database}\"")
}

impl<'a> Selection<'a> {
    /// Reads the archives once, and notes the place of the latest row of each session.
    pub(super) fn of(
        args: &SelectionArgs,
        archives: &'a [ArchiveFile],
        service: &SessionService,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let own = context.full_database_name()?;
        let destination = Destination::of(args, service, &own);
        let users = args.user.as_ref().map(|user| service.select_users(user)).transpose()?;
        let is_selected = |session: &ArchivedSession| {
            let is_user = |users: &Vec<String>| {
                session.user.as_ref().is_some_and(|user| users.contains(user))
            };
            users.as_ref().is_none_or(is_user) && has_handle(&args.session, session)
        };
        for handle in &args.session {
            ensure_handle(handle)?;
        }
        let (mut latest, mut other, mut is_of_table) = (HashMap::new(), None, false);
        for (index, archive) in archives.iter().enumerate() {
            let mut number = 0;
            let unread = || format!("could not read \"{}\"", archive.path.display());
            for found in archive.sessions().with_context(unread)? {
                let found = found.with_context(unread)?;
                number += 1;
                if !destination.is_of(&found) {
                    other.get_or_insert_with(|| destination.refusal(archive, &found, &own));
                    continue;
                }
                is_of_table = true;
                if is_selected(&found.session) {
                    let place = (found.at, (index, number));
                    let known = latest.entry(found.identity()).or_insert(place);
                    *known = place.max(*known);
                }
            }
        }
        match other {
            Some(refusal) if !is_of_table => Err(refusal.into()),
            _ if latest.is_empty() && !args.is_all() => {
                let unknown = unknown_user(args.user.as_deref(), service, context.now)?;
                Err(args.found_none(archives, unknown).into())
            }
            _ => Ok(Self { archives, latest }),
        }
    }

    /// Reads the archives again, and visits the latest row of each session.
    pub(super) fn sessions(&self) -> impl Iterator<Item = crate::Result<ArchivedSession>> {
        self.archives.iter().enumerate().flat_map(move |(index, archive)| {
            let failed = move |error: io::Error| {
                Error::failed(format!("read \"{}\"", archive.path.display()), error)
            };
            let (sessions, error) = match archive.sessions() {
                Ok(sessions) => (Some(sessions), None),
                Err(error) => (None, Some(Err(failed(error)))),
            };
            let numbered = (1..).zip(sessions.into_iter().flatten());
            let latest = numbered.filter_map(move |(number, found)| match found {
                Err(error) => Some(Err(failed(error))),
                Ok(found) => self.is_latest(&found, (index, number)).then_some(Ok(found.session)),
            });
            error.into_iter().chain(latest)
        })
    }

    fn is_latest(&self, found: &ReadSession, place: Place) -> bool {
        self.latest.get(&found.identity()).is_some_and(|(_, latest)| *latest == place)
    }
}

fn has_handle(handles: &[String], session: &ArchivedSession) -> bool {
    let begins = |handle: &String| session.handle.starts_with(&handle.to_ascii_lowercase());
    handles.is_empty() || handles.iter().any(begins)
}

fn ensure_handle(handle: &str) -> crate::Result<()> {
    let is_valid = handle.len() >= 4 && handle.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_valid { Ok(()) } else { Err(Error::NotAHandle(handle.to_owned())) }
}

//! Options that select sessions, for every command that takes a selection.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::app::SessionService;
use crate::domain::error::UnknownUser;
use crate::domain::filter::{AgentPattern, ClientFilter, Filter};
use crate::domain::session::{Session, SessionKey, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};

use super::args::{Since, agent, newest, task};
use super::context::Context;
use super::exit::{Exit, Usage};
use super::run_note::Typed;
use super::users::FoundUsers;

#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Selection")]
pub struct Selection {
    /// Only sessions of this task; * matches any text, case is ignored
    #[arg(long, value_name = "TASK", value_parser = task)]
    pub task: Option<TaskPattern>,
    /// Only sessions of these users, separated by commas; where the profile says where names
    /// are, names or ids
    #[arg(long, value_name = "USERS")]
    pub user: Vec<String>,
    /// No sessions of these users
    #[arg(long, value_name = "USERS")]
    pub except_user: Vec<String>,
    /// Only sessions of a framework's table whose user cannot be read
    #[arg(long, conflicts_with_all = ["user", "except_user", "keep_newest"])]
    pub user_unreadable: bool,
    /// Only sessions from this address or network
    #[arg(long, value_name = "ADDRESS|CIDR")]
    pub client: Option<ClientFilter>,
    /// Only sessions of programs whose whole text matches, such as '*Firefox/52*'; * matches any
    /// text, case is ignored
    #[arg(long, value_name = "PATTERN", value_parser = agent)]
    pub agent: Option<AgentPattern>,
    /// Only sessions in these states: active, idle, abandoned, expired (due, but not yet ended
    /// by a purge), ended; for a framework's table, active or expired, and unreadable: its times
    /// cannot be read. In addition, usable: in any state in which the application still accepts
    /// the session
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    pub state: Vec<StateArg>,
    /// Only sessions unused for longer than this
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub idle_over: Option<Span>,
    /// Only sessions opened before this time, or longer ago than this
    #[arg(long, value_name = "TIME|DURATION", allow_hyphen_values = true)]
    pub created_before: Option<Since>,
    /// Only sessions last used before this time, or longer ago than this
    #[arg(long, value_name = "TIME|DURATION", allow_hyphen_values = true)]
    pub used_before: Option<Since>,
    /// Only the sessions with these handles; if ids are not unique, all with the same id
    #[arg(long, value_name = "HANDLE", num_args = 1.., value_delimiter = ',')]
    pub session: Vec<String>,
    /// Not the sessions with these handles
    #[arg(long, value_name = "HANDLE", num_args = 1.., value_delimiter = ',')]
    pub except: Vec<String>,
    /// Not the N newest sessions of each user, of those that the other options select, by last
    /// use; where the table has none, by creation or expiry. Sessions without a user are left out
    #[arg(long, value_name = "N", value_parser = newest, allow_negative_numbers = true)]
    pub keep_newest: Option<usize>,
}

/// State of a session, or something else that is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateArg {
    Usable,
    /// Times that cannot be read.
    Unreadable,
    State(SessionState),
}

impl fmt::Display for StateArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usable => "usable",
            Self::Unreadable => "unreadable",
            Self::State(state) => state.as_str(),
        })
    }
}

impl FromStr for StateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "usable" => return Ok(Self::Usable),
            "unreadable" => return Ok(Self::Unreadable),
            "live" => return Err("did you mean usable?".to_owned()),
            _ => {}
        }
        text.parse()
            .map(Self::State)
            .map_err(|error: <SessionState as FromStr>::Err| format!("{error}, usable, unreadable"))
    }
}

/// A selection whose users and handles were looked up.
pub struct FoundSelection {
    pub filter: Filter,
    /// Requested users that nobody knows, if the others or all users are known.
    pub unknown: Vec<UnknownUser>,
    /// Requested sessions that have ended.
    pub ended: Vec<Session>,
}

impl Selection {
    /// Looks up users and handles; `default` selects by state if no states were requested.
    ///
    /// # Errors
    /// A state that the table does not know, users that exclude each other, a user of
    /// --except-user whom nobody knows, a handle or a time that is not valid, a handle without a session or of several, and any
    /// error of reading the table.
    pub fn find(
        &self,
        service: &SessionService,
        default: Filter,
        now: UnixTime,
    ) -> anyhow::Result<FoundSelection> {
        let since = |time: &Option<Since>| time.as_ref().map(|time| time.read(now)).transpose();
        let mut filter = Filter {
            task: self.task.clone(),
            user_unreadable: self.user_unreadable,
            client: self.client.clone(),
            agent: self.agent.clone(),
            idle_over: self.idle_over,
            created_before: since(&self.created_before)?,
            used_before: since(&self.used_before)?,
            keep_newest: self.keep_newest,
            ..self.with_states(default)
        };
        filter.check(service.profile())?;
        self.check_states(service)?;
        let users = FoundUsers::of(service, &self.user, now)?;
        filter.except_users = FoundUsers::of(service, &self.except_user, now)?.all()?;
        if let Some(user) = filter.except_users.iter().find(|user| users.ids.contains(*user)) {
            return Err(Usage::error(format!(
                "--user and --except-user exclude each other: both name the user {user:?}"
            )));
        }
        filter.users = users.lenient();
        let is_doubtful = users.ids.is_empty() && users.unknown.iter().all(|it| it.names.is_none());
        // Without a table of users, one without a session may still be a user.
        let unknown = if is_doubtful { Vec::new() } else { users.unknown };
        filter.except = sessions(service, &self.except)?.map(|session| session.key).collect();
        let mut ended = Vec::new();
        if !self.session.is_empty() {
            let found: BTreeMap<SessionKey, Session> = sessions(service, &self.session)?
                .map(|session| (session.key.clone(), session))
                .collect();
            let handles = found.values().map(|it| (it.key.clone(), it.handle.clone()));
            filter.sessions = Some(handles.collect());
            ended = found.into_values().filter(|session| session.end.is_some()).collect();
        }
        filter.check(service.profile())?;
        Ok(FoundSelection { filter, unknown, ended })
    }

    /// Refuses the states that sessions of a framework's table cannot have.
    fn check_states(&self, service: &SessionService) -> anyhow::Result<()> {
        let Some(profile) = service.profile() else { return Ok(()) };
        let is_foreign = |state: &&StateArg| match state {
            StateArg::Usable | StateArg::Unreadable => false,
            StateArg::State(state) => {
                !matches!(state, SessionState::Active | SessionState::Expired)
            }
        };
        match self.state.iter().find(is_foreign) {
            None => Ok(()),
            Some(state) => Err(Usage::error(format!(
                "no session of the table {:?} is ever {state}; use --state active, expired, \
                 unreadable or usable",
                profile.table
            ))),
        }
    }

    /// Refuses the state ended, for a command on sessions that have not ended.
    pub fn refuse_ended(&self) -> anyhow::Result<()> {
        if self.state.contains(&StateArg::State(SessionState::Ended)) {
            return Err(Usage::error(
                "this command takes sessions that have not ended; `sessctl list --state ended` \
                 lists the others",
            ));
        }
        Ok(())
    }

    fn with_states(&self, default: Filter) -> Filter {
        if self.state.is_empty() {
            return default;
        }
        let states = self.state.iter().filter_map(|state| match state {
            StateArg::Usable | StateArg::Unreadable => None,
            StateArg::State(state) => Some(*state),
        });
        let usable = self.state.contains(&StateArg::Usable);
        let unreadable = self.state.contains(&StateArg::Unreadable);
        Filter { states: states.collect(), usable, unreadable, ..default }
    }

    /// Returns the options as they were typed, in the order of the help.
    pub fn typed(&self) -> Typed {
        let Self { task, user, except_user, user_unreadable, client, agent, state, .. } = self;
        let Self { idle_over, created_before, used_before, session, except, keep_newest, .. } =
            self;
        let mut typed = Typed::default();
        typed
            .option("--task", task.as_ref().map(TaskPattern::as_str))
            .option("--user", user)
            .option("--except-user", except_user)
            .flag("--user-unreadable", *user_unreadable)
            .option("--client", client)
            .option("--agent", agent.as_ref().map(AgentPattern::as_str))
            .option("--state", state)
            .option("--idle-over", idle_over)
            .option("--created-before", created_before)
            .option("--used-before", used_before)
            .option("--session", session)
            .option("--except", except)
            .option("--keep-newest", keep_newest);
        typed
    }

    /// Reports whether the options name what they select, rather than only leave something out.
    pub fn is_specific(&self) -> bool {
        let Self { task, user, except_user, user_unreadable, client, agent, state, .. } = self;
        let Self { idle_over, created_before, used_before, session, keep_newest, .. } = self;
        task.is_some()
            || !user.is_empty()
            || !except_user.is_empty()
            || *user_unreadable
            || client.is_some()
            || agent.is_some()
            || !state.is_empty()
            || idle_over.is_some()
            || created_before.is_some()
            || used_before.is_some()
            || !session.is_empty()
            || keep_newest.is_some()
    }
}

impl Selection {
    /// Reports whether there are conditions besides the task.
    pub fn is_more_than_a_task(&self) -> bool {
        !self.except.is_empty() || Self { task: None, ..self.clone() }.is_specific()
    }
}

impl Selection {
    /// Explanation of users without a session in a framework's table, which keeps ids.
    ///
    /// # Errors
    /// Any error of reading the table of users.
    pub fn about_users(
        &self,
        service: &SessionService,
        now: UnixTime,
    ) -> anyhow::Result<Option<String>> {
        let source = service.profile().and_then(|profile| profile.user.as_ref());
        if source.is_none() || self.user.is_empty() {
            return Ok(None);
        }
        let ids = FoundUsers::of(service, &self.user, now)?.lenient();
        let is_given =
            |id: &String| self.user.iter().any(|text| text.split(',').any(|it| it.trim() == id));
        Ok(match service.user_name_column()? {
            None => Some(
                "the table keeps ids of users: pass one that `sessctl show users` shows, such as \
                 --user 17"
                    .to_owned(),
            ),
            Some(_) if ids.iter().all(is_given) => None,
            Some(_) => Some(format!(
                "the table keeps ids of users: {}",
                ids.iter().map(|id| format!("{id:?}")).collect::<Vec<_>>().join(", ")
            )),
        })
    }
}

/// The conditions after the noun, such as ` of user "bob" in task "imap"`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |users: &[String]| {
            users.iter().map(|user| format!("{user:?}")).collect::<Vec<_>>().join(" or ")
        };
        let Self { task, user, except_user, client, agent, idle_over, .. } = self;
        if !self.session.is_empty() {
            write!(f, " with handle {}", self.session.join(" or "))?;
        }
        if !user.is_empty() {
            write!(f, " of user {}", list(user))?;
        }
        if !except_user.is_empty() {
            write!(f, " of users other than {}", list(except_user))?;
        }
        if self.user_unreadable {
            f.write_str(" of a user that cannot be read")?;
        }
        if let Some(client) = client {
            write!(f, " from client {client}")?;
        }
        if let Some(agent) = agent {
            write!(f, " with agent {:?}", agent.as_str())?;
        }
        if let Some(task) = task {
            write!(f, " in task {:?}", task.as_str())?;
        }
        if let Some(span) = idle_over {
            write!(f, " unused for longer than {span}")?;
        }
        Ok(())
    }
}

/// Reports that the table has never held a session of a task, if so.
///
/// # Errors
/// Any error of reading the table.
pub fn unknown_task(
    service: &SessionService,
    task: Option<&TaskPattern>,
    context: &Context,
) -> anyhow::Result<Option<Exit>> {
    let Some(task) = task else { return Ok(None) };
    // The one task of a framework's table is known without any row.
    Filter { task: Some(task.clone()), ..Filter::default() }.check(service.profile())?;
    if service.knows_task(task)? {
        return Ok(None);
    }
    let task = task.as_str();
    context.print_failure(&format!(
        "the database has never held a session of task {task:?}; `sessctl show stat` lists the \
         tasks"
    ));
    Ok(Some(Exit::NoSession))
}

fn sessions(
    service: &SessionService,
    handles: &[String],
) -> crate::Result<impl Iterator<Item = Session> + use<>> {
    let found: crate::Result<Vec<Vec<Session>>> =
        handles.iter().map(|handle| service.sessions_by_handle(handle)).collect();
    Ok(found?.into_iter().flatten())
}

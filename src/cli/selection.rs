//! Options that select sessions, for every command that takes a selection.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;

use crate::app::{ListRequest, SessionService};
use crate::domain::filter::{AgentPattern, ClientFilter, Filter};
use crate::domain::session::{Session, SessionKey, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};

use super::args::{Since, agent, task};
use super::context::Context;
use super::exit::{Exit, Usage};
use super::run_note::Typed;

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
    /// Only sessions of programs whose whole text matches; * matches any text, case is ignored
    #[arg(long, value_name = "PATTERN", value_parser = agent)]
    pub agent: Option<AgentPattern>,
    /// Only sessions in these states: active, idle, abandoned, expired (due, but not yet ended
    /// by a purge), ended; for a framework's table, active or expired, and unreadable: its times
    /// cannot be read. In addition, usable: in any state in which the application still accepts
    /// the session
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    pub state: Vec<StateArg>,
    /// Only sessions unused for longer than this
    #[arg(long, value_name = "DURATION")]
    pub idle_over: Option<Span>,
    /// Only sessions opened before this time, or longer ago than this
    #[arg(long, value_name = "TIME|DURATION")]
    pub created_before: Option<Since>,
    /// Only sessions last used before this time, or longer ago than this
    #[arg(long, value_name = "TIME|DURATION")]
    pub used_before: Option<Since>,
    /// Only the sessions with these handles; if ids are not unique, all with the same id
    #[arg(long, value_name = "HANDLE", num_args = 1.., value_delimiter = ',')]
    pub session: Vec<String>,
    /// Not the sessions with these handles
    #[arg(long, value_name = "HANDLE", num_args = 1.., value_delimiter = ',')]
    pub except: Vec<String>,
    /// Not the N newest sessions of each user, by last use; where the table has none, by
    /// creation or expiry. Sessions without a user are left out
    #[arg(long, value_name = "N")]
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
    /// Requested sessions that have ended.
    pub ended: Vec<Session>,
}

impl Selection {
    /// Looks up users and handles; `default` selects by state if no states were requested.
    ///
    /// # Errors
    /// A handle or a time that is not valid, a handle without a session or of several, and any
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
        filter.users = users(service, &self.user, now)?;
        filter.except_users = users(service, &self.except_user, now)?;
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
        Ok(FoundSelection { filter, ended })
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
        let (Some(source), false) = (source, self.user.is_empty()) else { return Ok(None) };
        let ids: BTreeSet<String> = users(service, &self.user, now)?.into_iter().collect();
        let is_given =
            |id: &String| self.user.iter().any(|text| text.split(',').any(|it| it == id));
        Ok(Some(match &source.names {
            None => "the table keeps ids of users: pass one that `sessctl show users` shows, such \
                     as --user 17"
                .to_owned(),
            Some(names) if ids.iter().all(is_given) => format!(
                "the table keeps ids of users, and no user in {:?} has this name; `sessctl show \
                 users` shows ids and names",
                names.table
            ),
            Some(_) => format!(
                "the table keeps ids of users: {}",
                ids.iter().map(|id| format!("{id:?}")).collect::<Vec<_>>().join(", ")
            ),
        }))
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

/// Ids of the users with these names or ids.
fn users(service: &SessionService, given: &[String], now: UnixTime) -> anyhow::Result<Vec<String>> {
    let mut ids = BTreeSet::new();
    for text in given {
        match user_with_commas(service, text, now)? {
            Some(found) => ids.extend(found),
            None => {
                for user in text.split(',') {
                    if user.is_empty() {
                        return Err(Usage::error(
                            "a user is empty; pass names or ids, separated by commas",
                        ));
                    }
                    ids.extend(service.select_users(user)?);
                }
            }
        }
    }
    Ok(ids.into_iter().collect())
}

/// Ids of a user whose name has commas, if there is one.
fn user_with_commas(
    service: &SessionService,
    text: &str,
    now: UnixTime,
) -> anyhow::Result<Option<Vec<String>>> {
    if !text.contains(',') {
        return Ok(None);
    }
    let users = service.select_users(text)?;
    if users.as_slice() != [text] {
        return Ok(Some(users));
    }
    let filter = Filter { users: users.clone(), ..Filter::default() };
    let request = ListRequest { filter, limit: Some(1), ..ListRequest::default() };
    let listed = service.list(&request, now, &mut |_| Ok(ControlFlow::Continue(())))?;
    Ok((listed.shown > 0).then_some(users))
}

fn sessions(
    service: &SessionService,
    handles: &[String],
) -> crate::Result<impl Iterator<Item = Session> + use<>> {
    let found: crate::Result<Vec<Vec<Session>>> =
        handles.iter().map(|handle| service.sessions_by_handle(handle)).collect();
    Ok(found?.into_iter().flatten())
}

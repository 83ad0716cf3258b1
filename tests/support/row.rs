//! Rows of the native table, as an application writes them.

use rusqlite::Connection;
use rusqlite::types::Value;
use sha2::{Digest, Sha256};

use super::time::{MINUTE, now};

/// Builder of a row with defaults: `row("a").task("imap").idle(40 * MINUTE)`.
#[derive(Clone)]
pub struct Row {
    token: String,
    key: Option<String>,
    /// Time to which the others are relative.
    now: i64,
    user: Option<String>,
    task: String,
    client: Option<String>,
    agent: Option<String>,
    created_at: i64,
    last_used_at: i64,
    idle_timeout: Option<i64>,
    end: Option<(i64, &'static str)>,
}

/// Session of alice in the task imap, from 10.0.0.7, used just now, with a timeout of 30 minutes.
pub fn row(token: &str) -> Row {
    let now = now();
    Row {
        token: token.to_owned(),
        key: None,
        now,
        user: Some("alice".to_owned()),
        task: "imap".to_owned(),
        client: Some("10.0.0.7".to_owned()),
        agent: None,
        created_at: now,
        last_used_at: now,
        idle_timeout: Some(30 * MINUTE),
        end: None,
    }
}

impl Row {
    /// Sets a key that is not the hash of the token, for similar handles.
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub fn nobody(mut self) -> Self {
        self.user = None;
        self
    }

    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    pub fn task(mut self, task: &str) -> Self {
        task.clone_into(&mut self.task);
        self
    }

    pub fn agent(mut self, agent: &str) -> Self {
        self.agent = Some(agent.to_owned());
        self
    }

    pub fn client(mut self, client: &str) -> Self {
        self.client = Some(client.to_owned());
        self
    }

    /// Sets the last use, and an opening no later.
    pub fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = self.now - seconds;
        self.created_at = self.created_at.min(self.last_used_at);
        self
    }

    /// Sets the opening, in seconds before now.
    pub fn opened(mut self, seconds: i64) -> Self {
        self.created_at = self.now - seconds;
        self
    }

    /// Sets the opening, in Unix seconds.
    pub fn opened_at(mut self, moment: i64) -> Self {
        self.created_at = moment;
        self
    }

    pub fn timeout(mut self, seconds: Option<i64>) -> Self {
        self.idle_timeout = seconds;
        self
    }

    /// Sets the end, in seconds before now.
    pub fn ended(mut self, seconds: i64, reason: &'static str) -> Self {
        self.end = Some((self.now - seconds, reason));
        self
    }

    pub fn id(&self) -> String {
        self.key.clone().unwrap_or_else(|| sha256(&self.token))
    }

    /// The handle of the session.
    pub fn handle(&self) -> String {
        self.id()[..12].to_owned()
    }

    pub const INSERT: &str = "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout, \
         ended_at, end_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

    /// Parameters of [`INSERT`](Self::INSERT).
    pub fn values(&self) -> [Value; 9] {
        [
            self.id().into(),
            self.user.clone().into(),
            self.task.clone().into(),
            self.client.clone().into(),
            self.created_at.into(),
            self.last_used_at.into(),
            self.idle_timeout.into(),
            self.end.map(|end| end.0).into(),
            self.end.map(|end| end.1.to_owned()).into(),
        ]
    }

    pub fn insert(&self, db: &Connection) {
        db.execute(Self::INSERT, self.values()).unwrap();
        // The statement of an application that does not know the column.
        if let Some(agent) = &self.agent {
            let sql = "UPDATE sessions SET agent = ?1 WHERE id = ?2";
            db.execute(sql, [agent, &self.id()]).unwrap();
        }
    }
}

/// Handle of the session of a token.
pub fn handle(token: &str) -> String {
    sha256(token)[..12].to_owned()
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

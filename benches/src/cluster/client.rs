//! Connection of an application to one node.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use ureq::Agent;

use crate::clock;
use crate::load::{OPEN, TOUCH};
use crate::table::IDLE_TIMEOUT;

/// Time after which a request fails.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Statement of docs/sql-contract.md that looks up a session.
const LOOKUP: &str = "
    SELECT user, task, client, created_at, last_used_at, idle_timeout, marked_at, ended_at,
        end_reason
    FROM sessions
    WHERE id = :id";

/// Client that sends the statements of docs/sql-contract.md, one per request.
pub struct Client {
    agent: Agent,
    node: String,
}

impl Client {
    /// Creates a client of the node at this URL. Sends no request.
    pub fn new(node: &str) -> Self {
        let agent =
            Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).proxy(None).build();
        Self { agent: agent.into(), node: node.to_owned() }
    }

    /// Touches a session. Returns true if it is live.
    pub fn touch(&self, id: &str) -> Result<bool> {
        let values = json!({ "id": id, "now": clock::now(), "lifetime": null });
        self.execute(TOUCH, &values)
    }

    /// Opens a session. Returns true if a row was inserted.
    pub fn open(&self, id: &str) -> Result<bool> {
        let values = json!({
            "id": id, "user": "alice", "task": "imap", "client": "10.0.0.1",
            "now": clock::now(), "idle_timeout": IDLE_TIMEOUT,
        });
        self.execute(OPEN, &values)
    }

    /// Looks up a session at a level of consistency. Returns true if it exists.
    pub fn look_up(&self, id: &str, level: &str) -> Result<bool> {
        let path = format!("/db/query?level={level}");
        let response = self.send(&path, &json!([[LOOKUP, { "id": id }]]))?;
        Ok(response["results"][0].get("values").is_some())
    }

    fn execute(&self, sql: &str, values: &Value) -> Result<bool> {
        let response = self.request(&json!([[sql, values]]))?;
        Ok(response["results"][0]["rows_affected"].as_u64() == Some(1))
    }

    /// Executes a list of statements in one transaction.
    pub fn request(&self, statements: &Value) -> Result<Value> {
        self.send("/db/request?transaction", statements)
    }

    fn send(&self, path: &str, statements: &Value) -> Result<Value> {
        let (url, body) = (format!("{}{path}", self.node), statements.to_string());
        let sent = self.agent.post(&url).header("content-type", "application/json");
        let text = sent.send(&body)?.body_mut().read_to_string()?;
        let response: Value = serde_json::from_str(&text).with_context(|| format!("{text:?}"))?;
        let failed = response.get("error").or_else(|| response["results"][0].get("error"));
        if let Some(error) = failed {
            bail!("{url}: {error}");
        }
        Ok(response)
    }
}

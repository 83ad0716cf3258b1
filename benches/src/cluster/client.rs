//! One connection of an application to one node.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use ureq::Agent;

use crate::clock;
use crate::load::{OPEN, TOUCH};
use crate::table::IDLE_TIMEOUT;

/// A node that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// As the contract has it.
const LOOK: &str = "
    SELECT user, task, client, created_at, last_used_at, idle_timeout, marked_at, ended_at,
        end_reason
    FROM sessions
    WHERE id = :id";

/// It sends the statements of docs/sql-contract.md, one a request.
pub struct Client {
    agent: Agent,
    node: String,
}

impl Client {
    /// To the node at this address. Nothing is sent yet.
    pub fn new(node: &str) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).build();
        Self { agent: agent.into(), node: node.to_owned() }
    }

    /// Touches a session. Answers whether there is such a live one.
    pub fn touch(&self, id: &str) -> Result<bool> {
        let values = json!({ "id": id, "now": clock::now(), "lifetime": null });
        self.change(TOUCH, &values)
    }

    /// Opens a session.
    pub fn open(&self, id: &str) -> Result<bool> {
        let values = json!({
            "id": id, "user": "alice", "task": "imap", "client": "10.0.0.1",
            "now": clock::now(), "idle_timeout": IDLE_TIMEOUT,
        });
        self.change(OPEN, &values)
    }

    /// Looks at a session with this level of consistency. Answers whether there is one.
    pub fn look(&self, id: &str, level: &str) -> Result<bool> {
        let path = format!("/db/query?level={level}");
        let answer = self.send(&path, &json!([[LOOK, { "id": id }]]))?;
        Ok(answer["results"][0].get("values").is_some())
    }

    fn change(&self, sql: &str, values: &Value) -> Result<bool> {
        let answer = self.request(&json!([[sql, values]]))?;
        Ok(answer["results"][0]["rows_affected"].as_u64() == Some(1))
    }

    /// Runs a list of statements as one transaction.
    pub fn request(&self, statements: &Value) -> Result<Value> {
        self.send("/db/request?transaction", statements)
    }

    fn send(&self, path: &str, statements: &Value) -> Result<Value> {
        let (url, body) = (format!("{}{path}", self.node), statements.to_string());
        let sent = self.agent.post(&url).header("content-type", "application/json");
        let text = sent.send(&body)?.body_mut().read_to_string()?;
        let answer: Value = serde_json::from_str(&text).with_context(|| format!("{text:?}"))?;
        let failed = answer.get("error").or_else(|| answer["results"][0].get("error"));
        if let Some(error) = failed {
            bail!("{url}: {error}");
        }
        Ok(answer)
    }
}

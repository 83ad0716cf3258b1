-- The histories of jobs. What the ledger knew of jobs before said neither in which time
-- zone their times were read nor which machine had seen them, so that it is dropped: all
-- histories begin when a machine takes up its jobs for the first time. Applications have
-- nothing to do with these tables, so the contract's version stays as it is.
DROP TABLE jobs;

-- Up to when the runs of a job are settled. A job that is tied to a host has a history on
-- each host that has seen it; all others have one, ''.
CREATE TABLE job_histories (
    name           TEXT NOT NULL,
    -- What it does, when, and on which host.
    spec           TEXT NOT NULL,
    host_scope     TEXT NOT NULL,
    settled_at     INTEGER,
    -- The planned time of a run that has begun and is not complete.
    interrupted_at INTEGER,
    PRIMARY KEY (name, spec, host_scope)
) STRICT, WITHOUT ROWID;

-- Which machines have a job in their configurations, and since when without a break.
CREATE TABLE job_members (
    name       TEXT    NOT NULL,
    spec       TEXT    NOT NULL,
    host_scope TEXT    NOT NULL,
    -- The host, and the path of its configuration.
    machine    TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    PRIMARY KEY (name, spec, host_scope, machine)
) STRICT, WITHOUT ROWID;

ALTER TABLE runs ADD COLUMN spec TEXT NOT NULL DEFAULT '';

-- Fingerprint of the rules that a purge goes by. What was due under other rules is no
-- backlog of it.
ALTER TABLE runs ADD COLUMN rules TEXT NOT NULL DEFAULT '';

-- Name of the user whose privileges the run had; empty for the runs of earlier versions.
ALTER TABLE runs ADD COLUMN user TEXT NOT NULL DEFAULT '';

-- Finds out whether a job of the same name has run for a time, which each run asks for.
CREATE INDEX runs_by_plan ON runs (job, planned_at) WHERE job IS NOT NULL;

-- Finds the entries that are old enough to go, which each run asks for as well.
CREATE INDEX runs_by_start ON runs (started_at);

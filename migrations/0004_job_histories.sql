-- The histories of jobs. The table jobs recorded neither the time zone in which the times
-- of a job were read, nor the machines that had seen the job, so it is dropped: every
-- history begins when a machine takes up its jobs for the first time. Applications do not
-- use these tables, so the version of the SQL contract does not change.
DROP TABLE jobs;

-- The time up to which the runs of a job are settled. A job that is restricted to a host
-- has one history for each host that has seen the job. Any other job has a single history,
-- ''.
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

-- The machines that have a job in their configuration, and since when without interruption.
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

-- Fingerprint of the rules that the purge applied. Sessions that were due under other rules
-- are not part of its backlog.
ALTER TABLE runs ADD COLUMN rules TEXT NOT NULL DEFAULT '';

-- Name of the user whose privileges the run had; empty for runs of earlier versions.
ALTER TABLE runs ADD COLUMN user TEXT NOT NULL DEFAULT '';

-- Finds the run of a job of the same name for a given time. Each run looks for it.
CREATE INDEX runs_by_plan ON runs (job, planned_at) WHERE job IS NOT NULL;

-- Finds the entries that are old enough to be deleted. Each run looks for them, too.
CREATE INDEX runs_by_start ON runs (started_at);

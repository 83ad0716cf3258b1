-- The ledger, and the leases that keep runs from overlapping. Applications do not use these
-- tables, so the version of the SQL contract does not change.

-- The ledger: one row for each run of a purge or of a job.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    -- Tells this run from all others, on whatever machine.
    holder     TEXT    NOT NULL UNIQUE,
    -- The lease that it needs; NULL: it never took place.
    lease      TEXT,
    -- NULL: nobody's job, but a command's.
    job        TEXT,
    account    TEXT    NOT NULL,
    work       TEXT    NOT NULL CHECK (work IN ('purge', 'cycle')),
    task       TEXT,
    planned_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    missed     INTEGER NOT NULL,
    host       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    version    TEXT    NOT NULL,
    -- NULL: it is at work, or has died.
    finished_at INTEGER,
    outcome    TEXT    NOT NULL CHECK (outcome IN
                       ('running', 'done', 'partial', 'refused', 'skipped', 'failed', 'lost')),
    reason     TEXT,
    marked     INTEGER NOT NULL DEFAULT 0,
    ended      INTEGER NOT NULL DEFAULT 0,
    deleted    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Finds the runs in progress, of which there are one or two. Each start of a run, and each
-- search for jobs that are due, looks for them.
CREATE INDEX runs_at_work ON runs (lease) WHERE outcome = 'running';

-- The time up to which the runs of a job are settled. A job that is restricted to a host
-- has one account for each host that has seen the job. Any other job has a single account,
-- ''.
CREATE TABLE jobs (
    name    TEXT NOT NULL,
    account TEXT NOT NULL,
    -- What decides its times.
    spec    TEXT NOT NULL,
    -- NULL: none of its runs has come to its end yet.
    anchor  INTEGER,
    PRIMARY KEY (name, account)
) STRICT, WITHOUT ROWID;

-- The leases: who holds an exclusive right, such as the right to purge.
CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    renewed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

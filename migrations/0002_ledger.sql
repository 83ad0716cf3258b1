-- The record of runs, and what keeps two of them apart. Applications have nothing to
-- do with these tables, so the contract's version stays as it is.

-- One row for each run of a purge or of a job.
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

-- Pays for finding the one or two runs that are at work, which each start of a run
-- and each look at what is due asks for.
CREATE INDEX runs_at_work ON runs (lease) WHERE outcome = 'running';

-- Up to when the runs of a job are settled. A job that is tied to a host has an
-- account for each host that has seen it; all others have one, ''.
CREATE TABLE jobs (
    name    TEXT NOT NULL,
    account TEXT NOT NULL,
    -- What decides its times.
    spec    TEXT NOT NULL,
    -- NULL: none of its runs has come to its end yet.
    anchor  INTEGER,
    PRIMARY KEY (name, account)
) STRICT, WITHOUT ROWID;

-- Who may do what only one may do at a time.
CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    renewed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

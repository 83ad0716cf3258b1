-- The history of the table, and the progress of purges at work. Applications do not use these
-- tables, so the version of the SQL contract does not change. Earlier versions of sessctl keep
-- working: each new column has a default.
--
-- The table is copied twice rather than renamed, for the reason that 0008_audit.sql gives.
-- Its trigger is dropped with it, before it could delete the sessions that the runs have ended.
CREATE TABLE runs_before AS SELECT * FROM runs;
DROP TABLE runs;

-- The ledger: one row for each run of a purge or of a job, and for each cycle, close and
-- restore.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    -- Tells this run from all others, on whatever machine.
    holder     TEXT    NOT NULL UNIQUE,
    -- The lease that it needs; NULL: none, or it never took place.
    lease      TEXT,
    -- NULL: nobody's job, but a command's.
    job        TEXT,
    account    TEXT    NOT NULL,
    work       TEXT    NOT NULL CHECK
                       (work IN ('purge', 'cycle', 'close', 'restore', 'report')),
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
    deleted    INTEGER NOT NULL DEFAULT 0,
    spec       TEXT    NOT NULL DEFAULT '',
    -- Fingerprint of the rules that the purge applied. Sessions that were due under other
    -- rules are not part of its backlog.
    rules      TEXT    NOT NULL DEFAULT '',
    -- Name of the user whose privileges the run had; empty for runs of early versions.
    user       TEXT    NOT NULL DEFAULT '',
    -- Who called sudo; NULL: nobody.
    sudo_user  TEXT,
    -- Who logged in, by the kernel's record; NULL: it has none.
    login_user TEXT,
    -- The sessions that it was for, as they were selected; NULL: all.
    selection  TEXT,
    -- Reason that the caller gave.
    why        TEXT,
    -- Last batch of a run without a lease that is at work.
    progress_at INTEGER,
    -- How many of the sessions that it has ended are in run_sessions.
    named      INTEGER NOT NULL DEFAULT 0,
    -- What a purge at work publishes when it renews its lease; NULL: it has not yet. Share of
    -- the key range that it has swept, from 0 to 1:
    fraction   REAL,
    -- Time in microseconds that its last write transaction blocked other writers:
    last_hold  INTEGER,
    longest_hold INTEGER,
    -- Length of the write-ahead log in bytes:
    log_bytes  INTEGER
) STRICT;

INSERT INTO runs (id, holder, lease, job, account, work, task, planned_at, started_at, missed,
                  host, pid, version, finished_at, outcome, reason, marked, ended, deleted,
                  spec, rules, user, sudo_user, login_user, selection, why, progress_at, named)
SELECT id, holder, lease, job, account, work, task, planned_at, started_at, missed,
       host, pid, version, finished_at, outcome, reason, marked, ended, deleted,
       spec, rules, user, sudo_user, login_user, selection, why, progress_at, named
FROM runs_before;
DROP TABLE runs_before;

-- Finds the runs in progress, of which there are one or two. Each start of a run, and each
-- search for jobs that are due, looks for them.
CREATE INDEX runs_at_work ON runs (lease) WHERE outcome = 'running';

-- Finds the run of a job of the same name for a given time. Each run looks for it.
CREATE INDEX runs_by_plan ON runs (job, planned_at) WHERE job IS NOT NULL;

-- Finds the entries that are old enough to be deleted. Each run looks for them, too.
CREATE INDEX runs_by_start ON runs (started_at);

-- The sessions of a run are deleted with it, whichever version of sessctl deletes it.
CREATE TRIGGER delete_run_sessions AFTER DELETE ON runs
BEGIN
    DELETE FROM run_sessions WHERE run = OLD.id;
END;

-- The history of the table: what the runs found, did and left. Samples are merged as they age:
-- one per hour after a week, one per day after 90 days, none after two years. A figure that
-- the runs did not know is NULL.
CREATE TABLE samples (
    -- Time of the last of its runs.
    at         INTEGER PRIMARY KEY,
    -- Length in seconds of the period, counted from 1970 in UTC, whose samples it replaces; 0: it
    -- replaces none.
    period     INTEGER NOT NULL DEFAULT 0,
    -- 0: a reading without a run.
    runs       INTEGER NOT NULL DEFAULT 0,
    -- Live sessions by state, and those that were due.
    active     INTEGER,
    idle       INTEGER,
    abandoned  INTEGER,
    expired    INTEGER,
    -- All rows, including those of ended sessions.
    total      INTEGER,
    -- Sessions that the runs ended, by reason.
    ended_closed    INTEGER NOT NULL DEFAULT 0,
    ended_expired   INTEGER NOT NULL DEFAULT 0,
    ended_abandoned INTEGER NOT NULL DEFAULT 0,
    ended_evicted   INTEGER NOT NULL DEFAULT 0,
    ended_cycled    INTEGER NOT NULL DEFAULT 0,
    ended_lifetime  INTEGER NOT NULL DEFAULT 0,
    -- Rows that they deleted.
    deleted    INTEGER NOT NULL DEFAULT 0,
    -- Bytes that they left.
    file_bytes INTEGER,
    free_bytes INTEGER,
    -- Longest write transaction, in microseconds.
    longest_hold INTEGER,
    -- Duration of the longest run, in milliseconds.
    duration   INTEGER
) STRICT;

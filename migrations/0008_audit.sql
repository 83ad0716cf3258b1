-- Who has ended which sessions, and why. The ledger also records cycles and closes that a
-- command has run, and restores. Applications do not use these tables, so the version of
-- the SQL contract does not change. Earlier versions of sessctl keep working: each new
-- column has a default.
--
-- The table is copied twice rather than renamed, because to rename a table SQLite reads all
-- triggers and views, and one of the application's may be invalid.
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
    work       TEXT    NOT NULL CHECK (work IN ('purge', 'cycle', 'close', 'restore')),
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
    named      INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO runs (id, holder, lease, job, account, work, task, planned_at, started_at, missed,
                  host, pid, version, finished_at, outcome, reason, marked, ended, deleted,
                  spec, rules, user)
SELECT id, holder, lease, job, account, work, task, planned_at, started_at, missed,
       host, pid, version, finished_at, outcome, reason, marked, ended, deleted,
       spec, rules, user
FROM runs_before;
DROP TABLE runs_before;

-- Finds the runs in progress, of which there are one or two. Each start of a run, and each
-- search for jobs that are due, looks for them.
CREATE INDEX runs_at_work ON runs (lease) WHERE outcome = 'running';

-- Finds the run of a job of the same name for a given time. Each run looks for it.
CREATE INDEX runs_by_plan ON runs (job, planned_at) WHERE job IS NOT NULL;

-- Finds the entries that are old enough to be deleted. Each run looks for them, too.
CREATE INDEX runs_by_start ON runs (started_at);

-- The sessions that a cycle or a close has ended, up to a limit. There is no index by
-- handle: it would cost each close more than it gains for the few searches.
CREATE TABLE run_sessions (
    run    INTEGER NOT NULL,
    handle TEXT    NOT NULL,
    user   TEXT,
    PRIMARY KEY (run, handle)
) STRICT, WITHOUT ROWID;

-- They are deleted with their run, whichever version of sessctl deletes it.
CREATE TRIGGER delete_run_sessions AFTER DELETE ON runs
BEGIN
    DELETE FROM run_sessions WHERE run = OLD.id;
END;

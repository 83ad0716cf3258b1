-- The clocks of each machine at its last run. The next run compares its clocks with them,
-- to detect whether the wall clock has moved since. Applications do not use this table, so
-- the version of the SQL contract does not change.
CREATE TABLE clocks (
    host TEXT NOT NULL PRIMARY KEY,
    -- The wall clock.
    wall INTEGER NOT NULL,
    -- Which start of the machine it was; NULL: the system has no name for that.
    boot TEXT,
    -- Seconds since then, by CLOCK_BOOTTIME, and by /proc/uptime where there is one.
    boottime INTEGER NOT NULL,
    uptime   INTEGER,
    -- The same when a run first found that the wall clock had moved; NULL: none has.
    jump_wall     INTEGER,
    jump_boot     TEXT,
    jump_boottime INTEGER,
    jump_uptime   INTEGER
) STRICT, WITHOUT ROWID;

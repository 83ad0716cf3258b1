-- The sessions. An application in any language writes to this table with the statements of
-- docs/sql-contract.md. That page is a public interface, and a change to this table is a
-- change to it.
--
-- The rows are stored in the order of their primary key, and there is no other index. An
-- index whose order is unrelated to that of the key doubles the cost of every open. It also
-- makes a purge, which reads the whole table once in any case, many times slower.
CREATE TABLE sessions (
    -- Lower-case hexadecimal SHA-256 of the token that the client holds. The
    -- check keeps a token, which is a usable secret, from being stored itself.
    id           TEXT    NOT NULL PRIMARY KEY
                         CHECK (length(id) = 64 AND length(CAST(id AS BLOB)) = 64
                                AND id NOT GLOB '*[^0-9a-f]*'),
    -- NULL: nobody has logged in yet.
    user         TEXT,
    task         TEXT    NOT NULL COLLATE NOCASE,
    client       TEXT,
    -- Unix seconds, UTC, up to the end of the year 9999: milliseconds are
    -- refused.
    created_at   INTEGER NOT NULL CHECK (created_at   BETWEEN 0 AND 253402300799),
    last_used_at INTEGER NOT NULL CHECK (last_used_at BETWEEN 0 AND 253402300799),
    -- Seconds; NULL: never times out.
    idle_timeout INTEGER CHECK (idle_timeout BETWEEN 0 AND 253402300799),
    marked_at    INTEGER CHECK (marked_at    BETWEEN 0 AND 253402300799),
    ended_at     INTEGER CHECK (ended_at     BETWEEN 0 AND 253402300799),
    end_reason   TEXT    CHECK (end_reason IN
                         ('closed', 'expired', 'abandoned', 'evicted', 'cycled', 'lifetime')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT, WITHOUT ROWID;

-- For each task, the figures that cannot be derived from the rows of its sessions: how many
-- were deleted, by the reason of their end ('deleted.expired', …), how many were refused
-- ('refused'), and the largest number observed to be live at the same time ('peak'). `show
-- stat` counts everything else from the rows, so it is correct whichever program wrote
-- them.
CREATE TABLE counters (
    task  TEXT    NOT NULL COLLATE NOCASE,
    name  TEXT    NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;

-- What the last lists of statements have done, on a cluster alone: where the answer to
-- one is lost, it is sent again, and finds here that it had been carried out. In a file,
-- no answer is ever lost.
CREATE TABLE receipts (
    id   INTEGER PRIMARY KEY,
    -- Drawn at random by whoever sends the list.
    name TEXT    NOT NULL UNIQUE,
    -- How many rows each of its statements has changed, each number with a space behind
    -- it.
    rows TEXT    NOT NULL DEFAULT ''
) STRICT;

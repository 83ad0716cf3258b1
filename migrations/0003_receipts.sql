-- The receipts of the last lists of statements, with what they have done. They are needed
-- only on a cluster: if the response to a list is lost, sessctl sends the list again, and
-- its receipt shows that it has already been executed. In a file, no response is ever lost.
CREATE TABLE receipts (
    id   INTEGER PRIMARY KEY,
    -- Drawn at random by whoever sends the list.
    name TEXT    NOT NULL UNIQUE,
    -- How many rows each of its statements has changed, each number with a space behind
    -- it.
    rows TEXT    NOT NULL DEFAULT ''
) STRICT;

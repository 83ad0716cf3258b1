-- The name of each task, in the letter case of its first use: rows may spell it in several
-- ways, and they are deleted. Applications have nothing to do with this table, so the
-- contract's version stays as it is.
CREATE TABLE task_names (
    task       TEXT    NOT NULL PRIMARY KEY COLLATE NOCASE,
    -- Of the session that has given the task its name.
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Until something is counted of a task, that is the oldest of its sessions, and of several
-- in the same second the one that was inserted first; from then on the name stays. No row
-- can be deleted before: a deletion is counted. The condition costs each insert one look at
-- a table of a few rows.
CREATE TRIGGER name_task AFTER INSERT ON sessions
WHEN NOT EXISTS (SELECT 1 FROM task_names AS known
                 WHERE known.task = NEW.task AND known.created_at <= NEW.created_at)
BEGIN
    UPDATE task_names SET task = NEW.task, created_at = NEW.created_at
    WHERE task = NEW.task
      AND NOT EXISTS (SELECT 1 FROM counters WHERE counters.task = NEW.task);
    INSERT INTO task_names (task, created_at)
    SELECT NEW.task, NEW.created_at
    WHERE NOT EXISTS (SELECT 1 FROM task_names AS known WHERE known.task = NEW.task);
END;

-- Of the tasks that are there already: the spelling that was counted first, or else that of
-- the oldest session.
INSERT INTO task_names (task, created_at)
SELECT task, 0 FROM counters WHERE TRUE ORDER BY name
ON CONFLICT DO NOTHING;
INSERT INTO task_names (task, created_at)
SELECT task, created_at FROM sessions WHERE TRUE ORDER BY created_at, id
ON CONFLICT DO NOTHING;

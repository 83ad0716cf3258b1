-- The name of each task, in the letter case of its first use. The rows of sessions do not
-- suffice, because they may differ in letter case and are deleted. Applications do not use
-- this table, so the version of the SQL contract does not change.
CREATE TABLE task_names (
    task       TEXT    NOT NULL PRIMARY KEY COLLATE NOCASE,
    -- Of the session that has given the task its name.
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Until something is counted for a task, its name is that of its oldest session; of several
-- sessions in the same second, that of the one inserted first. From then on, the name does
-- not change. No row can be deleted before that, because each deletion is counted. The
-- condition costs each insert one lookup in a table of a few rows.
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

-- For the tasks that already exist: the spelling that was counted first, otherwise that of
-- the oldest session.
INSERT INTO task_names (task, created_at)
SELECT task, 0 FROM counters WHERE TRUE ORDER BY name
ON CONFLICT DO NOTHING;
INSERT INTO task_names (task, created_at)
SELECT task, created_at FROM sessions WHERE TRUE ORDER BY created_at, id
ON CONFLICT DO NOTHING;

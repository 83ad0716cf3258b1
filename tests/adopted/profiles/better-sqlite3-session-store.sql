-- better-sqlite3-session-store 0.1: its predicate cuts off the fraction, so that in the
-- second of the end a session is neither served nor deleted
-- table: sessions  id: sid
-- expired predicate at that clock: expire < '2026-06-15T12:00:00.000Z'
-- expected expired ids: ["e1"]
CREATE TABLE sessions (sid TEXT NOT NULL PRIMARY KEY, sess JSON NOT NULL, expire TEXT NOT NULL);
INSERT INTO sessions VALUES ('a1', '{"cookie":{}}', '2026-06-15T12:00:00.400Z');
INSERT INTO sessions VALUES ('a2', '{"cookie":{}}', '2026-06-16T12:00:00.400Z');
INSERT INTO sessions VALUES ('e1', '{"cookie":{}}', '2026-06-15T11:59:59.400Z');

-- Lucia 3, adapter-sqlite: seconds; a session ends at the very second
-- table: session  id: id
-- expired predicate at that clock: expires_at <= 1781524800
-- expected expired ids: ["e1", "e2"]
CREATE TABLE user (id TEXT NOT NULL PRIMARY KEY);
CREATE TABLE session (id TEXT NOT NULL PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL, FOREIGN KEY (user_id) REFERENCES user(id));
INSERT INTO user VALUES ('u1');
INSERT INTO session VALUES ('a1', 1781524801, 'u1');
INSERT INTO session VALUES ('e1', 1781524800, 'u1');
INSERT INTO session VALUES ('e2', 1781524799, 'u1');

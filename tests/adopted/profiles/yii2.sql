-- Yii 2, DbSession
-- table: session  id: id
-- expired predicate at that clock: expire < 1781524800
-- expected expired ids: ["e1"]
CREATE TABLE session (id CHAR(40) NOT NULL PRIMARY KEY, expire INTEGER, data BLOB);
INSERT INTO session VALUES ('a1', 1781524801, x'5f');
INSERT INTO session VALUES ('a2', 1781524800, x'5f');
INSERT INTO session VALUES ('e1', 1781524799, x'5f');

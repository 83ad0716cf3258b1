-- connect-session-knex 5 with knex's sqlite3 dialect
-- table: sessions  id: sid
-- expired predicate at that clock: expired < '2026-06-15T12:00:00.000Z'
-- expected expired ids: ["e1", "e2"]
CREATE TABLE `sessions` (`sid` varchar(255), `sess` json not null, `expired` datetime not null, primary key (`sid`));
CREATE INDEX `sessions_expired_index` on `sessions` (`expired`);
INSERT INTO sessions VALUES ('a1', '{"cookie":{"originalMaxAge":3600000},"user":"alice"}', '2026-06-15T12:59:00.000Z');
INSERT INTO sessions VALUES ('a2', '{"cookie":{"originalMaxAge":3600000}}', '2026-06-15T12:00:00.000Z');
INSERT INTO sessions VALUES ('e1', '{"cookie":{"originalMaxAge":3600000},"user":"carol"}', '2026-06-15T11:59:59.999Z');
INSERT INTO sessions VALUES ('e2', '{"cookie":{"originalMaxAge":3600000}}', '2025-12-31T23:59:59.999Z');

-- connect-session-sequelize 7 with sequelize 6: times in UTC, with the offset spelt out
-- table: Sessions  id: sid
-- expired predicate at that clock: expires < '2026-06-15 12:00:00.000 +00:00'
-- expected expired ids: ["e1"]
CREATE TABLE `Sessions` (`sid` VARCHAR(36) PRIMARY KEY, `expires` DATETIME, `data` TEXT, `createdAt` DATETIME NOT NULL, `updatedAt` DATETIME NOT NULL);
INSERT INTO Sessions VALUES ('a1', '2026-06-15 12:00:00.001 +00:00', '{"passport":{"user":7}}', '2026-06-15 11:00:00.000 +00:00', '2026-06-15 11:59:59.123 +00:00');
INSERT INTO Sessions VALUES ('e1', '2026-06-15 11:59:59.999 +00:00', '{}', '2026-06-14 11:00:00.000 +00:00', '2026-06-14 11:59:59.123 +00:00');
INSERT INTO Sessions VALUES ('n1', NULL, '{}', '2026-06-01 11:00:00.000 +00:00', '2026-06-01 11:59:59.123 +00:00');

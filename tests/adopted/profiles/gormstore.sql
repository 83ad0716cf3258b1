-- gormstore: what Go's driver writes in the server's zone, which changes its offset twice
-- a year
-- table: sessions  id: id
-- expired predicate at that clock: julianday(expires_at) <= julianday('2026-06-15 12:00:00')
-- expected expired ids: ["e1", "e2", "e3"]
CREATE TABLE "sessions" ("id" varchar(255), "data" text, "created_at" datetime, "updated_at" datetime, "expires_at" datetime, PRIMARY KEY ("id"));
CREATE INDEX idx_sessions_expires_at ON "sessions"(expires_at);
INSERT INTO sessions VALUES ('a1', 'x', '2026-06-15 13:00:00.1+02:00', '2026-06-15 13:00:00.1+02:00', '2026-06-15 14:00:01+02:00');
INSERT INTO sessions VALUES ('a2', 'x', '2026-06-15 13:00:00.1+02:00', '2026-06-15 13:00:00.1+02:00', '2026-12-15 01:00:00.123456789+01:00');
INSERT INTO sessions VALUES ('a3', 'x', '2026-06-15 11:00:00Z', '2026-06-15 11:00:00Z', '2026-06-15 06:30:01.5-05:30');
INSERT INTO sessions VALUES ('e1', 'x', '2026-06-14 13:00:00.1+02:00', '2026-06-14 13:00:00.1+02:00', '2026-06-15 14:00:00+02:00');
INSERT INTO sessions VALUES ('e2', 'x', '2026-06-14 13:00:00.1+02:00', '2026-06-14 13:00:00.1+02:00', '2026-06-15 13:59:59.999999999+02:00');
INSERT INTO sessions VALUES ('e3', 'x', '2025-12-14 13:00:00.1+01:00', '2025-12-14 13:00:00.1+01:00', '2026-01-13 13:00:00.1+01:00');

-- Ory Kratos: times as Go's driver writes them, with as many decimals as there are; a
-- revoked session stays with active = 0; devices hang on it
-- table: sessions  id: id
-- expired predicate at that clock: julianday(expires_at) < julianday('2026-06-15 12:00:00') OR active = 0
-- expected expired ids: ["5f4e0001-0000-4000-8000-0000000000e1", "5f4e0001-0000-4000-8000-0000000000e2", "5f4e0001-0000-4000-8000-0000000000f1"]
CREATE TABLE "identities" ("id" TEXT PRIMARY KEY);
CREATE TABLE "sessions" (
"id" TEXT PRIMARY KEY,
"issued_at" DATETIME NOT NULL DEFAULT 'CURRENT_TIMESTAMP',
"expires_at" DATETIME NOT NULL,
"authenticated_at" DATETIME,
"created_at" DATETIME NOT NULL,
"updated_at" DATETIME NOT NULL,
"token" TEXT,
"identity_id" char(36) NOT NULL,
"active" NUMERIC DEFAULT 'false',
"nid" char(36),
"logout_token" TEXT,
"aal" TEXT,
"authentication_methods" TEXT,
FOREIGN KEY (identity_id) REFERENCES identities (id) ON UPDATE NO ACTION ON DELETE CASCADE
);
CREATE TABLE "session_devices" (
"id" TEXT PRIMARY KEY,
"session_id" TEXT NOT NULL,
FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE cascade
);
INSERT INTO identities VALUES ('i1');
INSERT INTO sessions VALUES ('5f4e0001-0000-4000-8000-0000000000a1', '2026-06-14 12:00:00+00:00', '2026-06-15 12:00:00.5+00:00', NULL, '2026-06-14 12:00:00.123456789+00:00', '2026-06-14 12:00:00.123456789+00:00', 't1', 'i1', 1, 'n', 'l1', 'aal1', '[]');
INSERT INTO sessions VALUES ('5f4e0001-0000-4000-8000-0000000000a2', '2026-06-14 12:00:00+00:00', '2026-06-15 10:00:01-02:00', NULL, '2026-06-14 12:00:00+00:00', '2026-06-14 12:00:00+00:00', 't2', 'i1', 1, 'n', 'l2', 'aal1', '[]');
INSERT INTO sessions VALUES ('5f4e0001-0000-4000-8000-0000000000e1', '2026-06-14 12:00:00+00:00', '2026-06-15 11:59:59.123456789+00:00', NULL, '2026-06-14 12:00:00+00:00', '2026-06-14 12:00:00+00:00', 't3', 'i1', 1, 'n', 'l3', 'aal1', '[]');
INSERT INTO sessions VALUES ('5f4e0001-0000-4000-8000-0000000000e2', '2026-06-14 12:00:00+00:00', '2026-06-15 13:59:59.9+02:00', NULL, '2026-06-14 12:00:00+00:00', '2026-06-14 12:00:00+00:00', 't4', 'i1', 1, 'n', 'l4', 'aal1', '[]');
INSERT INTO sessions VALUES ('5f4e0001-0000-4000-8000-0000000000f1', '2026-06-14 12:00:00+00:00', '2026-06-16 12:00:00+00:00', NULL, '2026-06-14 12:00:00+00:00', '2026-06-14 12:00:00+00:00', 't5', 'i1', 0, 'n', 'l5', 'aal1', '[]');
INSERT INTO session_devices VALUES ('d1', '5f4e0001-0000-4000-8000-0000000000a1');
INSERT INTO session_devices VALUES ('d2', '5f4e0001-0000-4000-8000-0000000000e1');

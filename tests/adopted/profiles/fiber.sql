-- Fiber, storage/sqlite3: seconds, at the very second; zero is never
-- table: fiber_storage  id: k
-- expired predicate at that clock: e <= 1781524800 AND e != 0
-- expected expired ids: ["e1", "e2"]
CREATE TABLE fiber_storage (k VARCHAR(64) PRIMARY KEY NOT NULL DEFAULT '', v BLOB NOT NULL, e BIGINT NOT NULL DEFAULT '0');
CREATE INDEX e ON fiber_storage (e);
INSERT INTO fiber_storage VALUES ('a1', x'00', 1781524801);
INSERT INTO fiber_storage VALUES ('e1', x'00', 1781524800);
INSERT INTO fiber_storage VALUES ('e2', x'00', 1781524799);
INSERT INTO fiber_storage VALUES ('n1', x'00', 0);
INSERT INTO fiber_storage VALUES ('n2', x'00', 0);
INSERT INTO fiber_storage VALUES ('n3', x'00', 0);

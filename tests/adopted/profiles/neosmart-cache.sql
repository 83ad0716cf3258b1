-- NeoSmart.Caching.Sqlite behind ASP.NET Core's session: ticks; NULL is never
-- table: cache  id: key
-- expired predicate at that clock: expiry < 639171216000000000
-- expected expired ids: ["e1", "e2"]
CREATE TABLE "meta" ("key" TEXT NOT NULL, "value" INTEGER NOT NULL, PRIMARY KEY("key")) WITHOUT ROWID;
CREATE TABLE "cache" ("key" TEXT NOT NULL, "value" BLOB NOT NULL, "expiry" INTEGER, "renewal" INTEGER, PRIMARY KEY("key")) WITHOUT ROWID;
CREATE INDEX "cache_expiry" ON "cache" ("expiry") WHERE "expiry" IS NOT NULL;
INSERT INTO cache VALUES ('a1', x'00', 639171216000000000, 12000000000);
INSERT INTO cache VALUES ('a2', x'00', 639171216000000001, NULL);
INSERT INTO cache VALUES ('e1', x'00', 639171215999999999, 12000000000);
INSERT INTO cache VALUES ('e2', x'00', 639170352000000000, NULL);
INSERT INTO cache VALUES ('n1', x'00', NULL, NULL);

-- @quixo3/prisma-session-store 3: Prisma keeps a DateTime as milliseconds
-- table: Session  id: id
-- expired predicate at that clock: expiresAt < 1781524800000
-- expected expired ids: ["e1"]
CREATE TABLE "Session" ("id" TEXT NOT NULL PRIMARY KEY, "sid" TEXT NOT NULL, "data" TEXT NOT NULL, "expiresAt" DATETIME NOT NULL);
CREATE UNIQUE INDEX "Session_sid_key" ON "Session"("sid");
INSERT INTO "Session" VALUES ('a1', 'sa1', '{}', 1781524800000);
INSERT INTO "Session" VALUES ('e1', 'se1', '{}', 1781524799999);
INSERT INTO "Session" VALUES ('a2', 'sa2', '{}', 1781611200000);

// Auth.js with sessions in the database. The adapters create the sessions, and Auth.js
// judges them by their cookies.

import { pathToFileURL } from "node:url";
import { later } from "./clock.mjs";
import { exportsOf, moduleOf, peer, versions } from "./fixture.mjs";
import { clientOf, create } from "./prisma.mjs";

const HOUR = 3_600_000;
const Database = await peer("better-sqlite3");

/** The ends of sessions, in milliseconds from now. */
const ends = { a1: 24 * HOUR, a2: 1000, boundary: 0, e1: -60_000, e2: -1 };

/** Opens one session for each end. */
async function open(adapter, sessions = ends) {
  const user = await adapter.createUser({
    id: "u1",
    name: "alice",
    email: "alice@example.org",
    emailVerified: null,
  });
  for (const [sessionToken, end] of Object.entries(sessions)) {
    const expires = new Date(Date.now() + end);
    await later(end - 48 * HOUR, () => adapter.createSession({ sessionToken, userId: user.id, expires }));
  }
}

/** The tokens that Auth.js still accepts. */
async function accepted(adapter, sessions = ends) {
  const { Auth } = await exportsOf("@auth/core");
  const config = {
    adapter,
    providers: [],
    session: { strategy: "database" },
    secret: "a key of the recorder",
    trustHost: true,
    basePath: "/auth",
  };
  const kept = [];
  for (const token of Object.keys(sessions)) {
    const headers = { cookie: `authjs.session-token=${token}` };
    const answer = await Auth(new Request("http://localhost/auth/session", { headers }), config);
    if ((await answer.json())?.user) {
      kept.push(token);
    }
  }
  return kept.sort();
}

const common = {
  id: "sessionToken",
  purge: "none; a session that is over (expires < now) is deleted when its cookie is presented",
};

async function drizzleAdapter(db) {
  const { drizzle } = await exportsOf("drizzle-orm/better-sqlite3");
  const { DrizzleAdapter } = await exportsOf("@auth/drizzle-adapter");
  return DrizzleAdapter(drizzle(new Database(db)));
}

async function drizzleTables(db) {
  const { generateSQLiteDrizzleJson, generateSQLiteMigration } = await peer("drizzle-kit/api");
  const { integer, sqliteTable, text } = await exportsOf("drizzle-orm/sqlite-core");
  // The schema of the adapter's documentation, as far as sessions need it.
  const user = sqliteTable("user", {
    id: text("id").primaryKey(),
    name: text("name"),
    email: text("email").unique(),
    emailVerified: integer("emailVerified", { mode: "timestamp_ms" }),
    image: text("image"),
  });
  const session = sqliteTable("session", {
    sessionToken: text("sessionToken").primaryKey(),
    userId: text("userId").notNull().references(() => user.id, { onDelete: "cascade" }),
    expires: integer("expires", { mode: "timestamp_ms" }).notNull(),
  });
  const json = await generateSQLiteDrizzleJson({ user, session });
  await create(db, ...(await generateSQLiteMigration(await generateSQLiteDrizzleJson({}), json)));
}

async function typeormAdapter(db) {
  // The module keeps its first connection: each database gets a module of its own.
  const { TypeORMAdapter } = await import(`${moduleOf("@auth/typeorm-adapter")}?${db}`);
  return TypeORMAdapter({ type: "sqlite", database: db, synchronize: true });
}

async function kyselyAdapter(db) {
  const { KyselyAdapter } = await exportsOf("@auth/kysely-adapter");
  // The adapter knows the dialect by its class, that of the module for import.
  const kysely = new URL("node_modules/kysely/dist/esm/index.js", pathToFileURL(process.env.PEERS));
  const { Kysely, SqliteDialect } = await import(kysely);
  const database = new Database(db);
  const adapter = KyselyAdapter(new Kysely({ dialect: new SqliteDialect({ database }) }));
  // The ids that Auth.js would set.
  const { createSession } = adapter;
  adapter.createSession = (data) => createSession({ id: `id-${data.sessionToken}`, ...data });
  return adapter;
}

const models = `
model User {
  id            String    @id @default(cuid())
  name          String?
  email         String?   @unique
  emailVerified DateTime?
  image         String?
  sessions      Session[]
}
model Session {
  id           String   @id @default(cuid())
  sessionToken String   @unique
  userId       String
  expires      DateTime
  user         User     @relation(fields: [userId], references: [id], onDelete: Cascade)
}`;
const prismaTables = [
  `CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT, "email" TEXT, "emailVerified" DATETIME, "image" TEXT)`,
  `CREATE TABLE "Session" ("id" TEXT NOT NULL PRIMARY KEY, "sessionToken" TEXT NOT NULL, "userId" TEXT NOT NULL, "expires" DATETIME NOT NULL, CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE)`,
  `CREATE UNIQUE INDEX "User_email_key" ON "User" ("email")`,
  `CREATE UNIQUE INDEX "Session_sessionToken_key" ON "Session" ("sessionToken")`,
];
const open_ = await clientOf("authjs", models);

/** Prisma's client for Auth.js; the ids of its rows are set, since cuids are random. */
async function prismaAdapter(db, timestampFormat) {
  const { PrismaAdapter } = await exportsOf("@auth/prisma-adapter");
  const adapter = PrismaAdapter(open_(db, timestampFormat));
  const client = open_(db, timestampFormat);
  adapter.createUser = (data) => client.user.create({ data });
  adapter.createSession = (data) => client.session.create({ data: { id: `id-${data.sessionToken}`, ...data } });
  return adapter;
}

export default [
  {
    ...common,
    name: "authjs-drizzle",
    profile: "authjs-drizzle",
    verified: `ran ${versions("@auth/core", "@auth/drizzle-adapter", "drizzle-orm")}`,
    table: "session",
    predicate: "expires < 1781524800000",
    async make(db) {
      await drizzleTables(db);
      await open(await drizzleAdapter(db));
    },
    judge: async (db) => accepted(await drizzleAdapter(db)),
  },
  {
    ...common,
    name: "authjs-typeorm",
    profile: "authjs-typeorm",
    verified: `ran ${versions("@auth/core", "@auth/typeorm-adapter", "typeorm", "sqlite3")}`,
    table: "sessions",
    tables: ["users", "sessions"],
    predicate: "CAST(expires AS INTEGER) < 1781524800000",
    async make(db) {
      await open(await typeormAdapter(db));
      const connection = new Database(db);
      connection.pragma("foreign_keys = OFF");
      // The ids are random.
      connection.exec("UPDATE users SET id = 'u1'; UPDATE sessions SET id = rowid, userId = 'u1'");
      connection.close();
    },
    judge: async (db) => accepted(await typeormAdapter(db)),
  },
  {
    ...common,
    name: "authjs-prisma-kysely",
    profile: "authjs-prisma",
    verified: `ran ${versions("@auth/core", "@auth/kysely-adapter", "kysely", "better-sqlite3")}; tables as the adapter's documentation creates them`,
    notes: ["the text of @auth/d1-adapter is the same"],
    table: "Session",
    predicate: "expires < '2026-06-15T12:00:00.000Z'",
    async make(db) {
      await create(
        db,
        `CREATE TABLE "User" ("id" text PRIMARY KEY, "name" text, "email" text UNIQUE, "emailVerified" text, "image" text)`,
        `CREATE TABLE "Session" ("id" text PRIMARY KEY, "userId" text NOT NULL REFERENCES "User" ("id") ON DELETE CASCADE, "sessionToken" text NOT NULL UNIQUE, "expires" text NOT NULL)`,
      );
      await open(await kyselyAdapter(db));
    },
    judge: async (db) => accepted(await kyselyAdapter(db)),
  },
  {
    ...common,
    name: "authjs-prisma",
    profile: "authjs-prisma",
    verified: `ran ${versions("@auth/core", "@auth/prisma-adapter", "@prisma/client", "@prisma/adapter-better-sqlite3")}; tables as Prisma's migrations create them`,
    notes: ["old-…: as Prisma's engine before version 7 wrote them (timestampFormat \"unixepoch-ms\")"],
    table: "Session",
    predicate: "CASE typeof(expires) WHEN 'text' THEN expires < '2026-06-15T12:00:00.000+00:00' ELSE expires < 1781524800000 END",
    async make(db) {
      await create(db, ...prismaTables);
      const old = await prismaAdapter(db, "unixepoch-ms");
      const sessions = Object.entries(ends).map(([token, end]) => [`old-${token}`, end]);
      await open(old, Object.fromEntries(sessions));
      const adapter = await prismaAdapter(db);
      adapter.createUser = ({ id }) => ({ id });
      await open(adapter);
    },
    async judge(db) {
      const tokens = Object.keys(ends).flatMap((token) => [`old-${token}`, token]);
      return accepted(await prismaAdapter(db), Object.fromEntries(tokens.map((token) => [token, 0])));
    },
  },
];

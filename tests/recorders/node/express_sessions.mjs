// Stores of express-session: sessions are set and purged through the store.

import path from "node:path";
import { later } from "./clock.mjs";
import { exportsOf, installed, peer, versions } from "./fixture.mjs";
import { clientOf, create } from "./prisma.mjs";

const HOUR = 3_600_000;
const session = await peer("express-session");
const Database = await peer("better-sqlite3");

/** Calls a method that takes a callback; one that answers with a promise is waited for. */
function call(store, method, ...values) {
  return new Promise((resolve, reject) => {
    const done = (error, found) => (error ? reject(error) : resolve(found));
    const answer = store[method](...values, done);
    answer?.catch?.(reject);
  });
}

/** Stores sessions that are over so many milliseconds from now, by id. */
async function open(store, sessions) {
  for (const [id, [end, data]] of Object.entries(sessions)) {
    await later(end - HOUR, async () => {
      const cookie = new session.Cookie({ maxAge: HOUR });
      await call(store, "set", id, { cookie, ...data });
    });
  }
}

/** The ids that the store still serves. */
async function served(store, ids) {
  const found = await Promise.all(ids.map((id) => call(store, "get", id)));
  return ids.filter((_, place) => found[place]);
}

const sessions = {
  active1: [HOUR - 60_000 + 466, { passport: { user: 1 }, user: "alice" }],
  active2: [HOUR - 600_000, { user: { id: 2, name: "bob" } }],
  boundary: [0, { passport: { user: 1 } }],
  expired1: [-4999, { passport: { user: { id: 3 } } }],
  expired2: [-1, {}],
};

/** Forces a value of another storage class, which another version or driver writes. */
function rewrite(file, statement) {
  const db = new Database(file);
  db.exec(statement);
  db.close();
}

async function connectSqlite3(db) {
  const SQLiteStore = (await peer("connect-sqlite3"))(session);
  const store = new SQLiteStore({ db: path.basename(db), dir: path.dirname(db) });
  // Its own purge runs as soon as the table is there.
  await new Promise((resolve) => store.client.once("connect", () => setTimeout(resolve, 0)));
  await call(store, "length");
  return store;
}

async function knexStore(db, name, client) {
  const { knex } = installed("knex");
  const connection = knex({ client, connection: { filename: db }, useNullAsDefault: true });
  const options = { knex: connection, disableDbCleanup: true };
  let store;
  if (name === "connect-session-knex") {
    const { ConnectSessionKnexStore } = await exportsOf(name);
    store = new ConnectSessionKnexStore({ ...options, cleanupInterval: 0 });
  } else {
    store = new ((await peer(name))(session))(options);
  }
  await store.ready;
  // Old versions say that they are ready before the index is there.
  while (!(await connection("sqlite_schema").where({ type: "index", name: "sessions_expired_index" }).first())) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { store, connection };
}

function knexFixture(name, packages, client) {
  const open_ = (db) => knexStore(db, packages, client);
  return {
    name,
    profile: "connect-session-knex",
    verified: `ran ${versions(packages, "knex", client)}`,
    table: "sessions",
    id: "sid",
    purge: "every minute: datetime(expired) < datetime(now), in whole seconds",
    notes: ["the columns of connect-sqlite3, but with declared types, and text for times"],
    predicate: "expired < '2026-06-15T12:00:00.000Z'",
    async make(db) {
      const { store, connection } = await open_(db);
      await open(store, sessions);
      // Version 1 purges once a minute, whatever the options say.
      store.stopDbCleanup?.();
      await connection.destroy();
    },
    async judge(db) {
      const { store, connection } = await open_(db);
      const ids = Object.keys(sessions);
      const kept = await served(store, ids);
      if (store.dbCleanup) {
        await store.dbCleanup();
        const rows = await connection("sessions").select("sid");
        if (rows.map(({ sid }) => sid).sort().join() !== kept.join()) {
          throw new Error("the purge and the check differ");
        }
      }
      store.stopDbCleanup?.();
      await connection.destroy();
      return kept;
    },
  };
}

async function betterSqlite3Store(db) {
  const SqliteStore = (await peer("better-sqlite3-session-store"))(session);
  return new SqliteStore({ client: new Database(db) });
}

async function typeormStore(db) {
  const { DataSource, EntitySchema } = await exportsOf("typeorm");
  const { TypeormStore } = await exportsOf("connect-typeorm");
  // The entity of connect-typeorm's documentation.
  const Session = new EntitySchema({
    name: "session",
    columns: {
      expiredAt: { type: "bigint" },
      id: { type: "varchar", length: 255, primary: true },
      json: { type: "text" },
      destroyedAt: { type: "datetime", deleteDate: true, nullable: true },
    },
    indices: [{ columns: ["expiredAt"] }],
  });
  const source = new DataSource({ type: "sqlite", database: db, entities: [Session], synchronize: true });
  await source.initialize();
  const store = new TypeormStore({ cleanupLimit: 100 }).connect(source.getRepository("session"));
  return { store, source };
}

async function sequelizeStore(db) {
  const { Sequelize } = await exportsOf("sequelize");
  const SequelizeStore = (await peer("connect-session-sequelize"))(session.Store);
  const sequelize = new Sequelize({ dialect: "sqlite", storage: db, logging: false });
  const store = new SequelizeStore({ db: sequelize, checkExpirationInterval: 0 });
  await store.sync();
  return { store, sequelize };
}

const prisma = await clientOf("express-sessions", `
model Session {
  id        String   @id
  sid       String   @unique
  data      String
  expiresAt DateTime
}`);

async function prismaStore(db, timestampFormat) {
  const { PrismaSessionStore } = await exportsOf("@quixo3/prisma-session-store");
  const options = { dbRecordIdIsSessionId: true, logger: false };
  return new PrismaSessionStore(prisma(db, timestampFormat), options);
}

const half = (odd) => Object.fromEntries(Object.entries(sessions).map(([id, session]) => [odd ? `old-${id}` : id, session]));

export default [
  {
    name: "connect-sqlite3",
    profile: "connect-sqlite3",
    verified: `ran ${versions("connect-sqlite3", "sqlite3", "express-session")}`,
    table: "sessions",
    id: "sid",
    purge: "at start and every 24 hours: expired < now",
    notes: ["active_int: an integer, as other drivers write it"],
    predicate: "expired < 1781524800000",
    async make(db) {
      const store = await connectSqlite3(db);
      const users = [{ userId: 5, profile: { email: "carol@example.org", name: "Carol" } }];
      const more = { active_int: [60_000, { user: "bob" }], grist: [60_000, { users }] };
      await open(store, { ...sessions, ...more });
      await new Promise((resolve) => store.db.close(resolve));
      rewrite(db, "UPDATE sessions SET expired = CAST(expired AS INTEGER) WHERE sid = 'active_int'");
    },
    async judge(db) {
      await connectSqlite3(db);
    },
  },
  knexFixture("connect-session-knex", "connect-session-knex", "better-sqlite3"),
  knexFixture("connect-session-knex-1", "connect-session-knex-1", "sqlite3"),
  {
    name: "better-sqlite3-session-store",
    profile: "better-sqlite3-session-store",
    verified: `ran ${versions("better-sqlite3-session-store", "better-sqlite3", "express-session")}`,
    table: "sessions",
    id: "sid",
    purge: "every 15 minutes: datetime(expire) < datetime('now'), in whole seconds",
    notes: ["boundary: neither served nor deleted in the second of its end"],
    predicate: "expire < '2026-06-15T12:00:00.000Z'",
    async make(db) {
      const store = await betterSqlite3Store(db);
      await open(store, sessions);
      store.client.close();
    },
    async judge(db) {
      const store = await betterSqlite3Store(db);
      store.clearExpiredSessions();
      store.client.close();
    },
  },
  {
    name: "connect-typeorm",
    profile: "connect-typeorm",
    verified: `ran ${versions("connect-typeorm", "typeorm", "sqlite3")}`,
    table: "session",
    id: "id",
    purge: "with cleanupLimit, when a session is written: expiredAt <= now, some rows at a time",
    notes: ["logged-out: destroyed, and kept until it expires"],
    predicate: "expiredAt <= 1781524800000",
    async make(db) {
      const { store, source } = await typeormStore(db);
      store.cleanupLimit = undefined;
      await open(store, { ...sessions, "logged-out": [HOUR - 60_000, { passport: { user: 1 } }] });
      await call(store, "destroy", "logged-out");
      // The store does not wait for that itself.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await source.destroy();
    },
    async judge(db) {
      const { store, source } = await typeormStore(db);
      await open(store, { another: [HOUR, {}] });
      await source.getRepository("session").delete({ id: "another" });
      await source.destroy();
    },
  },
  {
    name: "connect-session-sequelize",
    profile: "connect-session-sequelize",
    verified: `ran ${versions("connect-session-sequelize", "sequelize", "sqlite3")}`,
    table: "Sessions",
    id: "sid",
    purge: "every 15 minutes: expires < now",
    predicate: "expires < '2026-06-15 12:00:00.000 +00:00'",
    async make(db) {
      const { store, sequelize } = await sequelizeStore(db);
      await open(store, sessions);
      await sequelize.close();
    },
    async judge(db) {
      const { store, sequelize } = await sequelizeStore(db);
      await store.clearExpiredSessions();
      await sequelize.close();
    },
  },
  {
    name: "prisma-session-store",
    profile: "prisma-session-store",
    verified: `ran ${versions("@quixo3/prisma-session-store", "@prisma/client", "@prisma/adapter-better-sqlite3")}; table as Prisma's migrations create it`,
    table: "Session",
    id: "id",
    purge: "with checkPeriod: expiresAt <= now",
    notes: ["old-…: as Prisma's engine before version 7 wrote them (timestampFormat \"unixepoch-ms\")"],
    predicate: "CASE typeof(expiresAt) WHEN 'text' THEN expiresAt <= '2026-06-15T12:00:00.000+00:00' ELSE expiresAt <= 1781524800000 END",
    async make(db) {
      await create(
        db,
        `CREATE TABLE "Session" ("id" TEXT NOT NULL PRIMARY KEY, "sid" TEXT NOT NULL, "data" TEXT NOT NULL, "expiresAt" DATETIME NOT NULL)`,
        `CREATE UNIQUE INDEX "Session_sid_key" ON "Session" ("sid")`,
      );
      await open(await prismaStore(db, "unixepoch-ms"), half(true));
      await open(await prismaStore(db, "iso8601"), half(false));
    },
    async judge(db) {
      await (await prismaStore(db)).prune();
    },
  },
];

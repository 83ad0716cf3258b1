// Lucia: sessions are created, deleted and validated through it.

import { later } from "./clock.mjs";
import { exportsOf, peer, versions } from "./fixture.mjs";
import { create } from "./prisma.mjs";

const MONTH = 30 * 24 * 3_600_000;
const Database = await peer("better-sqlite3");

/** The ends of sessions, in seconds from now. */
const ends = { a1: 7 * 86_400, a2: 1, boundary: 0, e1: -1, e2: -86_400 };

async function lucia(db, names) {
  const { Lucia } = await exportsOf("lucia");
  const { BetterSqlite3Adapter } = await exportsOf("@lucia-auth/adapter-sqlite");
  return new Lucia(new BetterSqlite3Adapter(new Database(db), names));
}

function fixture(name, names) {
  return {
    name,
    profile: "lucia",
    verified: `ran ${versions("lucia", "@lucia-auth/adapter-sqlite", "better-sqlite3")}`,
    table: names.session,
    id: "id",
    purge: "deleteExpiredSessions, which the application calls: expires_at <= now",
    predicate: "expires_at <= 1781524800",
    async make(db) {
      await create(
        db,
        `CREATE TABLE ${names.user} (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE)`,
        `CREATE TABLE ${names.session} (id TEXT NOT NULL PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL, FOREIGN KEY (user_id) REFERENCES ${names.user} (id))`,
        `INSERT INTO ${names.user} VALUES ('u1', 'alice'), ('u2', 'bob')`,
      );
      const auth = await lucia(db, names);
      for (const [place, [sessionId, end]] of Object.entries(ends).entries()) {
        const user = place % 2 === 0 ? "u1" : "u2";
        await later(end * 1000 - MONTH, () => auth.createSession(user, {}, { sessionId }));
      }
    },
    async judge(db) {
      const auth = await lucia(db, names);
      await auth.deleteExpiredSessions();
      const found = await Promise.all(Object.keys(ends).map((id) => auth.validateSession(id)));
      return found.filter(({ session }) => session).map(({ session }) => session.id).sort();
    },
  };
}

async function lucia2(db) {
  const { lucia } = await exportsOf("lucia-2");
  const { betterSqlite3 } = await exportsOf("@lucia-auth/adapter-sqlite-2");
  const tables = { user: "user", session: "user_session", key: "user_key" };
  // Its messages for developers would name every rejected session.
  return lucia({ adapter: betterSqlite3(new Database(db), tables), env: "PROD" });
}

/** Lucia 2, whose sessions end twice: they are idle first, and then over. */
const version2 = {
  name: "lucia-2",
  profile: "lucia-2",
  verified: `ran ${versions("lucia-2", "@lucia-auth/adapter-sqlite-2", "better-sqlite3")}`,
  table: "user_session",
  id: "id",
  purge: "deleteDeadUserSessions, which the application calls, and at each login: idle_expires < now",
  notes: ["idle: renewed when its cookie is presented"],
  predicate: "idle_expires < 1781524800000",
  async make(db) {
    await create(
      db,
      "CREATE TABLE user (id VARCHAR(15) NOT NULL PRIMARY KEY, username VARCHAR(31) NOT NULL UNIQUE)",
      "CREATE TABLE user_session (id VARCHAR(127) NOT NULL PRIMARY KEY, user_id VARCHAR(15) NOT NULL, active_expires BIGINT NOT NULL, idle_expires BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES user (id))",
      "INSERT INTO user VALUES ('u1', 'alice')",
    );
    const auth = await lucia2(db);
    const whole = 15 * 86_400_000;
    const ends2 = { active: whole - 60_337, idle: 86_400_000, boundary: 0, e1: -1, e2: -86_400_000 };
    for (const [sessionId, end] of Object.entries(ends2)) {
      await later(end - whole, () => auth.createSession({ sessionId, userId: "u1", attributes: {} }));
    }
  },
  async judge(db) {
    const auth = await lucia2(db);
    await auth.deleteDeadUserSessions("u1");
    // It does not wait for the deletions.
    await new Promise((resolve) => setTimeout(resolve, 200));
  },
};

export default [
  version2,
  fixture("lucia", { user: "user", session: "session" }),
  fixture("lucia-user-session", { user: "user", session: "user_session" }),
];

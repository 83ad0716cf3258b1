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

export default [
  fixture("lucia", { user: "user", session: "session" }),
  fixture("lucia-user_session", { user: "user", session: "user_session" }),
];

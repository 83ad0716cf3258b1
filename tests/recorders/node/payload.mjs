// Payload: its users log in.

import { later } from "./clock.mjs";
import { exportsOf, peer, versions } from "./fixture.mjs";

const LIFETIME = 7200;
/** The ends of sessions, in milliseconds from now, in the order of the logins. */
const ends = { over1: -60_000, over2: -1, boundary: 0, soon: 1, live: 3_600_000 };
const data = { email: "alice@example.org", password: "a password" };
/** What the fixture does without: the password's salt and hash. */
const secret = {};
const Database = await peer("better-sqlite3");

async function connect(db) {
  const { buildConfig, getPayload } = await exportsOf("payload");
  const { sqliteAdapter } = await exportsOf("@payloadcms/db-sqlite");
  const config = await buildConfig({
    secret: "a key of the recorder",
    telemetry: false,
    collections: [{ slug: "users", auth: { tokenExpiration: LIFETIME }, fields: [] }],
    db: sqliteAdapter({ client: { url: `file:${db}` } }),
  });
  return getPayload({ config, key: db });
}

export default [
  {
    name: "payload",
    profile: "payload",
    verified: `ran ${versions("payload", "@payloadcms/db-sqlite")}`,
    table: "users_sessions",
    id: "id",
    tables: ["users", "users_sessions"],
    purge: "at each login and refresh of the same user: expires_at <= now",
    predicate: "expires_at <= '2026-06-15T12:00:00.000Z'",
    async make(db) {
      // Outside of production, Payload makes the tables itself.
      process.env.NODE_ENV = "development";
      const payload = await connect(db);
      process.env.NODE_ENV = "production";
      await payload.create({ collection: "users", data });
      for (const end of Object.values(ends)) {
        await later(end - LIFETIME * 1000, () => payload.login({ collection: "users", data }));
      }
      await payload.destroy();
      const connection = new Database(db);
      // Ids, salts and hashes are random.
      Object.keys(ends).forEach((id, place) =>
        connection.prepare("UPDATE users_sessions SET id = ? WHERE _order = ?").run(id, place + 1),
      );
      Object.assign(secret, connection.prepare("SELECT salt, hash FROM users").get());
      connection.exec("UPDATE users SET salt = NULL, hash = NULL");
      connection.close();
    },
    async judge(db) {
      const copy = new Database(db);
      copy.prepare("UPDATE users SET salt = ?, hash = ?").run(secret.salt, secret.hash);
      copy.close();
      const payload = await connect(db);
      await payload.login({ collection: "users", data });
      await payload.destroy();
      const connection = new Database(db);
      const known = Object.keys(ends).map((id) => `'${id}'`);
      connection.exec(`DELETE FROM users_sessions WHERE id NOT IN (${known})`);
      connection.close();
    },
  },
];

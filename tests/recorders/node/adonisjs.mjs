// AdonisJS: its store of sessions, on its own query builder.

import path from "node:path";
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { later } from "./clock.mjs";
import { versions } from "./fixture.mjs";

const HOUR = 3_600_000;
const ends = { live: HOUR, soon: 1, boundary: 0, over1: -1, over2: -HOUR };

/** Imports a file of a package that does not export it. */
async function inside(name, file) {
  const folder = path.join(path.dirname(process.env.PEERS), "node_modules", name, "build");
  const found = fs.readdirSync(folder).find((one) => file.test(one));
  return import(pathToFileURL(path.join(folder, found)));
}

async function connect(db) {
  const folder = path.join(path.dirname(process.env.PEERS), "node_modules/@adonisjs/lucid/build");
  const { Database } = await import(pathToFileURL(path.join(folder, "src/database/main.js")));
  const { DatabaseStore } = await inside("@adonisjs/session", /^database-.*\.js$/);
  const sqlite = { client: "better-sqlite3", connection: { filename: db }, useNullAsDefault: true };
  const logger = new Proxy({}, { get: () => () => {} });
  const emitter = { emit() {}, hasListeners: () => false };
  const database = new Database({ connection: "sqlite", connections: { sqlite } }, logger, emitter);
  const client = database.connection();
  const store = (gcProbability) => new DatabaseStore(client, "2h", { gcProbability });
  return { client, store, database };
}

export default [
  {
    name: "adonisjs",
    profile: "adonisjs",
    verified: `ran ${versions("@adonisjs/session", "@adonisjs/lucid", "better-sqlite3")}`,
    table: "sessions",
    id: "id",
    purge: "at two of a hundred writes (gcProbability): expires_at <= now",
    predicate: "expires_at <= 1781524800000",
    async make(db) {
      const { client, store, database } = await connect(db);
      // As its command make:session-table does.
      await client.schema.createTable("sessions", (table) => {
        table.string("id").primary();
        table.text("data").notNullable();
        table.string("user_id").nullable().index();
        table.timestamp("expires_at").notNullable().index();
      });
      for (const [id, end] of Object.entries(ends)) {
        await later(end - 2 * HOUR, async () => {
          await store(0).write(id, { auth_web: 7 });
          if (id !== "soon") await store(0).tag(id, "7");
        });
      }
      await database.manager.closeAll();
    },
    async judge(db) {
      const { client, store, database } = await connect(db);
      await store(100).write("another", {});
      await client.from("sessions").where("id", "another").delete();
      await database.manager.closeAll();
    },
  },
];

// An express-session application over one of three stores, asked one question a call.
//
// STORE names the store and DB the database, app.db unless it is said. What it knows of
// sessions it knows from requests to itself.

import http from "node:http";
import { later } from "./clock.mjs";
import { answer, exportsOf, peer } from "./question.mjs";

const HOUR = 3_600_000;
const db = process.env.DB ?? "app.db";
const session = await peer("express-session");

const stores = {
  async "connect-sqlite3"() {
    const SQLiteStore = (await peer("connect-sqlite3"))(session);
    const store = new SQLiteStore({ db, dir: "." });
    // Its own purge runs as soon as the table is there.
    await new Promise((resolve) => store.client.once("connect", () => setTimeout(resolve, 0)));
    const purge = () => new Promise((resolve) => store.length((_, length) => resolve(length)));
    return { store, purge };
  },
  async "better-sqlite3-session-store"() {
    const SqliteStore = (await peer("better-sqlite3-session-store"))(session);
    const client = new (await peer("better-sqlite3"))(db);
    const store = new SqliteStore({ client });
    return { store, purge: () => store.clearExpiredSessions() };
  },
  async "connect-session-knex"() {
    const { ConnectSessionKnexStore } = await exportsOf("connect-session-knex");
    const { default: knex } = await exportsOf("knex");
    const connection = { filename: db };
    const client = knex({ client: "better-sqlite3", connection, useNullAsDefault: true });
    const store = new ConnectSessionKnexStore({ knex: client });
    await store.ready;
    return { store, purge: () => store.dbCleanup() };
  },
};

const { store, purge } = await stores[process.env.STORE]();

const secret = "a key of the tests";
const cookie = { maxAge: HOUR };
const middleware = session({ secret, store, cookie, resave: false, saveUninitialized: false });

const server = http.createServer((request, response) => {
  middleware(request, response, () => {
    const login = new URL(request.url, "http://localhost").searchParams.get("login");
    if (login) {
      request.session.user = login;
    }
    response.end(JSON.stringify({ sid: request.sessionID, user: request.session.user ?? null }));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

/** Opens sessions that are over so many seconds from now; answers id and cookie of each. */
async function open(ages) {
  const sessions = [];
  for (const [place, age] of ages.entries()) {
    await later(age * 1000 - HOUR, async () => {
      const response = await fetch(`${origin}/?login=user${place}`);
      const [cookie] = response.headers.getSetCookie()[0].split(";");
      sessions.push({ id: (await response.json()).sid, cookie });
    });
  }
  return sessions;
}

/** The ids of those sessions that the application still serves. */
async function accepted(sessions) {
  const served = [];
  for (const { id, cookie } of sessions) {
    const response = await fetch(origin, { headers: { cookie } });
    if ((await response.json()).user !== null) {
      served.push(id);
    }
  }
  return served;
}

await answer({ migrate: () => null, open, accepted, purge: async () => void (await purge()) });

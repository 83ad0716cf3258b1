// An application with better-auth, asked one question a call.
//
// DB names the database, app.db unless it is said. What it knows of sessions it knows from
// better-auth's own API.

import { later } from "./clock.mjs";
import { answer, exportsOf, peer } from "./question.mjs";

process.env.BETTER_AUTH_TELEMETRY = "0";
const { betterAuth } = await exportsOf("better-auth");
const { getMigrations } = await exportsOf("better-auth/db/migration");
const Database = await peer("better-sqlite3");

const WEEK = 7 * 24 * 3_600_000;
const auth = betterAuth({
  baseURL: "http://localhost",
  secret: "a key of the tests that is long enough",
  database: new Database(process.env.DB ?? "app.db"),
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
});
const headers = new Headers({ "user-agent": "tests" });

async function migrate() {
  await (await getMigrations(auth.options)).runMigrations();
}

/** Opens sessions that are over so many seconds from now, those of each user's by signing up
 * and then in; answers token, user and cookie of each. */
async function open(ages) {
  const sessions = [];
  for (const [place, age] of ages.entries()) {
    const user = `user${place % 3}`;
    const body = { email: `${user}@example.org`, password: "a long password", name: user };
    const call = place < 3 ? auth.api.signUpEmail : auth.api.signInEmail;
    await later(age * 1000 - WEEK, async () => {
      const response = await call({ body, headers, asResponse: true });
      const [cookie] = response.headers.getSetCookie()[0].split(";");
      const answer = await response.json();
      sessions.push({ token: answer.token, user: answer.user.id, cookie });
    });
  }
  return sessions;
}

/** The tokens of those sessions that are still valid. */
async function accepted(sessions) {
  const valid = [];
  for (const { token, cookie } of sessions) {
    const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
    if (found !== null && found.session.token === token) {
      valid.push(token);
    }
  }
  return valid;
}

await answer({ migrate, open, accepted });

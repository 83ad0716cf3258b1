// Records the fixtures that are named, or all, into a folder.

import "./clock.mjs";
import { record } from "./fixture.mjs";

const [folder, ...names] = process.argv.slice(2);
const families = [
  "express_sessions",
  "better_auth",
  "authjs",
  "lucia",
  "adonisjs",
  "payload",
  "applications",
];
const fixtures = [];
for (const family of families) {
  fixtures.push(...(await import(`./${family}.mjs`)).default);
}
const unknown = names.filter((name) => !fixtures.some((fixture) => fixture.name === name));
if (unknown.length > 0) {
  console.error(`no such fixture: ${unknown.join(", ")}`);
  process.exit(2);
}
for (const fixture of fixtures) {
  if (names.length === 0 || names.includes(fixture.name)) {
    await record(folder, fixture);
  }
}
process.exit(0);

// Fixtures: what a framework has written, and what it says of it.

import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { NOW, begin } from "./clock.mjs";

export const installed = createRequire(process.env.PEERS);

const modules = path.join(path.dirname(process.env.PEERS), "node_modules");

/** The address of a package's module, of one that is only for `import` as well. */
export function moduleOf(name) {
  try {
    return pathToFileURL(installed.resolve(name));
  } catch {
    const { exports } = JSON.parse(fs.readFileSync(path.join(modules, name, "package.json")));
    return pathToFileURL(path.join(modules, name, exports["."].import ?? exports["."].default));
  }
}

/** A package that `record` has installed. */
export async function peer(name) {
  const found = await import(moduleOf(name));
  return found.default ?? found;
}

/** The same, with everything that it exports. */
export function exportsOf(name) {
  return import(moduleOf(name));
}

const Database = await peer("better-sqlite3");

/** The name and version of packages. */
export function versions(...names) {
  const read = (name) => JSON.parse(fs.readFileSync(path.join(modules, name, "package.json")));
  return names.map((name) => read(name)).map(({ name, version }) => `${name} ${version}`).join(", ");
}

/** Statements that make the database again; of some tables only, if they are named. */
function dump(file, tables) {
  const db = new Database(file, { readonly: true });
  const objects = db
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC, rowid")
    .all()
    .filter(({ tbl_name }) => tables === undefined || tables.includes(tbl_name));
  const lines = objects.map(({ sql }) => `${sql.replace(/\s*\n\s*/g, " ").replace(/\t/g, " ")};`);
  for (const { name } of objects.filter(({ type }) => type === "table")) {
    const columns = db.prepare("SELECT name FROM pragma_table_info(?)").all(name);
    const quoted = columns.map((column) => `quote("${column.name}")`);
    const rows = db.prepare(`SELECT ${quoted.join(" || ', ' || ")} FROM "${name}"`).pluck().all();
    const names = columns.map((column) => `"${column.name}"`).join(", ");
    lines.push(...rows.map((row) => `INSERT INTO "${name}" (${names}) VALUES (${row});`));
  }
  db.close();
  return lines;
}

function ids(file, table, id, condition = "true") {
  const db = new Database(file, { readonly: true });
  const found = db.prepare(`SELECT CAST(${id} AS TEXT) FROM "${table}" WHERE ${condition}`).pluck().all();
  db.close();
  return found.sort();
}

/**
 * Records one fixture. `make` writes the database; `judge` gets a copy of it, and either
 * purges it, or answers the ids of the rows that are still valid.
 */
export async function record(folder, fixture) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "record-"));
  const [file, copy] = [path.join(scratch, "app.db"), path.join(scratch, "copy.db")];
  begin();
  try {
    await fixture.make(file);
    const seen = new Database(file);
    seen.pragma("wal_checkpoint(TRUNCATE)");
    seen.pragma("journal_mode = DELETE");
    seen.close();
    const { table, id } = fixture;
    const all = ids(file, table, id);
    let kept = all.filter((one) => !ids(file, table, id, fixture.predicate).includes(one));
    if (fixture.judge) {
      fs.copyFileSync(file, copy);
      kept = (await fixture.judge(copy)) ?? ids(copy, table, id);
    }
    const over = all.filter((one) => !kept.includes(one));
    const predicted = ids(file, table, id, fixture.predicate);
    if (JSON.stringify(over) !== JSON.stringify(predicted)) {
      throw new Error(`${fixture.name}: the framework ends ${over}, the predicate ${predicted}`);
    }
    const lines = [
      `-- profile: ${fixture.profile}`,
      ...(fixture.parameters ? [`-- parameters: ${fixture.parameters}`] : []),
      `-- verified: ${fixture.verified}`,
      `-- table: ${table}  id: ${id}`,
      `-- framework purge: ${fixture.purge}`,
      ...(fixture.notes ?? []).map((note) => `-- note: ${note}`),
      `-- fixture clock (now): 2026-06-15T12:00:00Z = unix ${NOW / 1000}`,
      `-- expired predicate at that clock: ${fixture.predicate}`,
      `-- expected expired ids: ${JSON.stringify(over).replaceAll('","', '", "')}`,
      ...dump(file, fixture.tables),
    ];
    fs.writeFileSync(path.join(folder, `${fixture.name}.sql`), `${lines.join("\n")}\n`);
    console.log(`${fixture.name}: ${all.length} rows, ${over.length} over`);
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

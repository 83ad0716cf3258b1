// Clients of Prisma, which it generates from a schema.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { peer, exportsOf } from "./fixture.mjs";

/** A function that opens a database with a client of these models, for a format of times. */
export async function clientOf(name, models) {
  const peers = path.dirname(process.env.PEERS);
  const folder = path.join(peers, "prisma", name);
  fs.mkdirSync(folder, { recursive: true });
  const schema = `generator client {
  provider = "prisma-client-js"
  output   = "./client"
}
datasource db {
  provider = "sqlite"
}
${models}`;
  fs.writeFileSync(path.join(folder, "schema.prisma"), schema);
  // No engine takes part in that, but without one Prisma would fetch it.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" };
  const command = path.join(peers, "node_modules", ".bin", "prisma");
  execFileSync(command, ["generate", "--schema", "schema.prisma"], { cwd: folder, env, stdio: "pipe" });
  const client = path.join(folder, "client", "index.js");
  const { PrismaClient } = (await import(pathToFileURL(client))).default;
  const { PrismaBetterSqlite3 } = await exportsOf("@prisma/adapter-better-sqlite3");
  return (db, timestampFormat = "iso8601") =>
    new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${db}` }, { timestampFormat }) });
}

/** Creates tables, as Prisma's migrations would. */
export async function create(db, ...statements) {
  const Database = await peer("better-sqlite3");
  const connection = new Database(db);
  statements.forEach((statement) => connection.exec(statement));
  connection.close();
}

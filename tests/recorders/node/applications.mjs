// Applications. Actual runs as a server. Of the others, the tables are made as their own
// migrations make them, and the rows are written by the driver that they use.

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { NOW } from "./clock.mjs";
import { exportsOf, installed, peer, versions } from "./fixture.mjs";
import { clientOf, create } from "./prisma.mjs";

const Database = await peer("better-sqlite3");

/** Changes a database with statements of SQL. */
function run(db, ...statements) {
  const connection = new Database(db);
  statements.forEach((statement) => connection.exec(statement));
  connection.close();
}

/** A port that nothing listens on. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Does something with a server of Actual whose database is the given one. */
async function withActual(db, something) {
  const folder = fs.mkdtempSync(`${db}-actual-`);
  const port = await freePort();
  const account = path.join(folder, "server-files", "account.sqlite");
  if (fs.existsSync(db)) {
    fs.mkdirSync(path.dirname(account));
    fs.cpSync(`${db}-folder`, folder, { recursive: true });
    fs.copyFileSync(db, account);
  }
  const env = { ...process.env, ACTUAL_DATA_DIR: folder, ACTUAL_PORT: port, ACTUAL_HOSTNAME: "127.0.0.1" };
  const script = path.join(path.dirname(process.env.PEERS), "node_modules/@actual-app/sync-server/build/app.js");
  const server = spawn(process.execPath, [script], { env, cwd: folder, stdio: "ignore" });
  const stopped = new Promise((resolve) => server.once("exit", resolve));
  try {
    for (let tries = 0; ; tries += 1) {
      const up = await fetch(`http://127.0.0.1:${port}/info`).catch(() => undefined);
      if (up?.ok) break;
      if (tries > 200) throw new Error("Actual does not start");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await something((path, body) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).then((answer) => answer.json()),
    );
  } finally {
    server.kill();
    await stopped;
  }
  fs.copyFileSync(account, db);
  fs.rmSync(`${db}-folder`, { recursive: true, force: true });
  fs.renameSync(folder, `${db}-folder`);
}

/** Sessions as logins through OpenID write them. */
const openId = {
  live: NOW / 1000 + 600,
  "over, kept for an hour": NOW / 1000 - 60,
  boundary: NOW / 1000 - 3600,
  expired: NOW / 1000 - 3601,
  zero: 0,
  null: "NULL",
};

const actual = {
  name: "actual",
  profile: "actual",
  verified: `ran ${versions("@actual-app/sync-server")}`,
  table: "sessions",
  id: "token",
  tables: ["sessions", "users", "pending_openid_requests"],
  purge: "at each login: expires_at <> -1 AND expires_at < now - 3600",
  notes: ["the application itself rejects a session from expires_at <= now on", "never: a login with a password, by the server; the others: rows as logins through OpenID write them"],
  predicate: "expires_at <> -1 AND expires_at < 1781524800 - 3600",
  async make(db) {
    await withActual(db, (post) => post("/account/bootstrap", { password: "a password" }));
    run(
      db,
      "UPDATE users SET id = 'u0'",
      "UPDATE sessions SET token = 'never', user_id = 'u0'",
      "INSERT INTO users VALUES ('u1', 'alice', 'Alice', 'BASIC', 1, 0)",
      ...Object.entries(openId).map(([token, end]) => `INSERT INTO sessions VALUES ('${token}', ${end}, 'u1', 'openid')`),
    );
  },
  async judge(db) {
    fs.cpSync(`${path.dirname(db)}/app.db-folder`, `${db}-folder`, { recursive: true });
    await withActual(db, (post) => post("/account/login", { loginMethod: "password", password: "a password" }));
  },
};

/** Directus's tables, whose times knex writes through sqlite3. */
async function directusTables(knex) {
  await knex.schema.createTable("directus_users", (table) => {
    table.uuid("id").primary().notNullable();
    table.string("first_name", 50);
    table.string("last_name", 50);
    table.string("email", 128).unique();
    table.string("token").unique();
    table.timestamp("last_access");
  });
  await knex.schema.createTable("directus_shares", (table) => {
    table.uuid("id").primary().notNullable();
    table.string("name");
    table.timestamp("date_start");
    table.timestamp("date_end");
    table.integer("times_used").defaultTo(0);
    table.integer("max_uses");
  });
  await knex.schema.createTable("directus_oauth_clients", (table) => {
    table.string("client_id").primary().notNullable();
  });
  await knex.schema.createTable("directus_sessions", (table) => {
    table.string("token", 64).primary().notNullable();
    table.uuid("user").references("id").inTable("directus_users").onDelete("CASCADE");
    table.timestamp("expires").notNullable();
    table.string("ip");
    table.text("user_agent");
    table.uuid("share").references("id").inTable("directus_shares").onDelete("CASCADE");
    table.string("origin");
    table.string("next_token", 64);
    table.string("oauth_client").references("client_id").inTable("directus_oauth_clients").onDelete("CASCADE").index();
  });
}

function openKnex(db, client = "sqlite3") {
  return installed("knex").knex({ client, connection: { filename: db }, useNullAsDefault: true });
}

const directus = {
  name: "directus",
  profile: "directus",
  verified: `read @directus/api 39.2.1, services/authentication, services/shares and database/migrations; rows by ${versions("knex", "sqlite3")}`,
  table: "directus_sessions",
  id: "token",
  purge: "at each login: expires < now",
  predicate: "expires < 1781524800000",
  async make(db) {
    const knex = openKnex(db);
    await directusTables(knex);
    await knex("directus_users").insert({ id: "u1", email: "alice@example.org", last_access: new Date() });
    await knex("directus_shares").insert({ id: "s1", name: "offer" });
    await knex("directus_oauth_clients").insert({ client_id: "c1" });
    const row = (token, end, more = {}) => ({
      token,
      user: "u1",
      expires: new Date(NOW + end),
      ip: "203.0.113.8",
      user_agent: "recorder",
      origin: "https://cms.example.org",
      ...more,
    });
    await knex("directus_sessions").insert([
      row("live", 7 * 86_400_000 - 337),
      row("refreshed", 9_000, { next_token: "live" }),
      row("boundary", 0),
      row("over", -1),
      row("over-refreshed", -60_000, { next_token: "live" }),
      row("share", 600_000, { user: null, share: "s1" }),
      row("over-share", -600_000, { user: null, share: "s1" }),
      row("mcp", 600_000, { oauth_client: "c1" }),
    ]);
    await knex.destroy();
  },
  async judge(db) {
    const knex = openKnex(db);
    await knex("directus_sessions").delete().where("expires", "<", new Date());
    await knex.destroy();
  },
};

const ghost = {
  name: "ghost",
  profile: "ghost",
  verified: "read Ghost 5.130.6, core/server/data/schema/schema.js, models/session.js and services/auth/session",
  table: "sessions",
  id: "id",
  purge: "none; a browser drops the cookie at $.cookie.expires",
  predicate: "session_data ->> '$.cookie.expires' < '2026-06-15T12:00:00.000Z'",
  async make(db) {
    const data = (end) =>
      JSON.stringify({
        cookie: {
          originalMaxAge: 15_552_000_000,
          expires: end === null ? null : new Date(NOW + end).toISOString(),
          secure: true,
          httpOnly: true,
          path: "/ghost",
          sameSite: "none",
        },
        user_id: "5951f5fca366002ebd5dbef7",
        origin: "https://blog.example.org",
        user_agent: "recorder",
        ip: "203.0.113.8",
        verified: true,
      });
    const row = (id, end, created, updated) =>
      `INSERT INTO sessions VALUES ('${id}', 'sid-${id}', '5951f5fca366002ebd5dbef7', '${data(end)}', '${created}', ${updated ? `'${updated}'` : "NULL"})`;
    run(
      db,
      "CREATE TABLE `users` (`id` varchar(24) not null, `name` varchar(191) not null, `slug` varchar(191) not null, `email` varchar(191) not null, primary key (`id`))",
      "CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`)",
      "CREATE TABLE `sessions` (`id` varchar(24) not null, `session_id` varchar(32) not null, `user_id` varchar(24) not null, `session_data` varchar(2000) not null, `created_at` datetime not null, `updated_at` datetime null, primary key (`id`))",
      "CREATE UNIQUE INDEX `sessions_session_id_unique` ON `sessions` (`session_id`)",
      "INSERT INTO users VALUES ('5951f5fca366002ebd5dbef7', 'Alice', 'alice', 'alice@example.org')",
      row("live", 86_400_000, "2026-06-01 08:00:00", "2026-06-14 09:00:01"),
      row("new", 15_551_000_000, "2026-06-15 11:43:20", null),
      row("browser", null, "2026-05-01 08:00:00", "2026-05-01 08:00:02"),
      row("boundary", 0, "2025-12-15 00:00:00", "2025-12-15 00:00:02"),
      row("over1", -1, "2025-12-14 00:00:00", "2025-12-14 00:00:02"),
      row("over2", -86_400_000, "2025-12-13 00:00:00", null),
    );
  },
};

const audiobookshelf = {
  name: "audiobookshelf",
  profile: "audiobookshelf",
  verified: `read Audiobookshelf 2.36.0, server/models/Session.js, server/migrations and server/auth/TokenManager.js; rows by ${versions("sequelize", "sqlite3")}`,
  table: "sessions",
  id: "id",
  purge: "at start and at 00:30: expiresAt < now",
  predicate: "expiresAt < '2026-06-15 12:00:00.000 +00:00'",
  async make(db) {
    const { Session, User, sequelize } = await audiobookshelfModels(db);
    await sequelize.sync();
    await User.create({ id: "u1", username: "alice" });
    const day = 86_400_000;
    for (const [id, end] of Object.entries({ live: 30 * day - 7, soon: 1, boundary: 0, over1: -1, over2: -3 * day })) {
      await Session.create({
        id,
        ipAddress: "203.0.113.8",
        userAgent: "recorder",
        refreshToken: `refresh-${id}`,
        expiresAt: new Date(NOW + end),
        createdAt: new Date(NOW + end - 30 * day),
        updatedAt: new Date(NOW + end - 30 * day),
        userId: "u1",
        lastRefreshToken: id === "live" ? "refresh-before" : null,
        lastRefreshTokenExpiresAt: id === "live" ? new Date(NOW - 60_000) : null,
      });
    }
    await sequelize.close();
  },
  async judge(db) {
    const { Session, sequelize, Op } = await audiobookshelfModels(db);
    await Session.destroy({ where: { expiresAt: { [Op.lt]: new Date() } } });
    await sequelize.close();
  },
};

async function audiobookshelfModels(db) {
  const { Sequelize } = await exportsOf("sequelize");
  const { DataTypes, Op } = Sequelize;
  const sequelize = new Sequelize({ dialect: "sqlite", storage: db, logging: false });
  const User = sequelize.define("user", {
    id: { type: DataTypes.UUID, primaryKey: true },
    username: DataTypes.STRING,
    token: DataTypes.STRING,
  });
  const Session = sequelize.define("session", {
    id: { type: DataTypes.UUID, primaryKey: true },
    ipAddress: DataTypes.STRING,
    userAgent: DataTypes.TEXT,
    refreshToken: { type: DataTypes.TEXT, allowNull: false },
    expiresAt: { type: DataTypes.DATE, allowNull: false },
    createdAt: { type: DataTypes.DATE, allowNull: false },
    updatedAt: { type: DataTypes.DATE, allowNull: false },
    userId: {
      type: DataTypes.UUID,
      allowNull: false,
      references: { model: "users", key: "id" },
      onDelete: "CASCADE",
    },
    lastRefreshToken: DataTypes.STRING,
    lastRefreshTokenExpiresAt: DataTypes.DATE,
  });
  return { Session, User, sequelize, Op };
}

const strapi = {
  name: "strapi",
  profile: "strapi",
  verified: `read @strapi/core 5.54.0 (services/session-manager) and @strapi/admin 5.54.0 (content-types/session); rows by ${versions("knex", "better-sqlite3")}`,
  table: "strapi_sessions",
  id: "session_id",
  purge: "at each fiftieth call of its session manager: absoluteExpiresAt < now",
  notes: ["idle: rejected from expires_at <= now on, and kept", "rotated: kept to recognize a token that is used twice"],
  predicate: "absolute_expires_at < 1781524800000",
  async make(db) {
    const knex = openKnex(db, "better-sqlite3");
    await knex.schema.createTable("strapi_sessions", (table) => {
      table.increments("id");
      for (const name of ["document_id", "user_id", "session_id", "child_id", "device_id", "origin"]) {
        table.string(name);
      }
      table.datetime("expires_at");
      table.datetime("absolute_expires_at");
      table.string("status");
      table.string("type");
      table.json("metadata");
      table.datetime("created_at");
      table.datetime("updated_at");
      table.datetime("published_at");
      table.integer("created_by_id");
      table.integer("updated_by_id");
      table.string("locale");
    });
    const row = (session_id, idle, absolute, more = {}) => ({
      document_id: `document-${session_id}`,
      user_id: "1",
      session_id,
      device_id: "device-1",
      origin: "admin",
      expires_at: new Date(NOW + idle),
      absolute_expires_at: absolute === null ? null : new Date(NOW + absolute),
      status: "active",
      type: "refresh",
      created_at: new Date(NOW - 86_400_337),
      updated_at: new Date(NOW - 86_400_337),
      ...more,
    });
    await knex("strapi_sessions").insert([
      row("live", 86_400_000, 30 * 86_400_000),
      row("idle", -1, 86_400_000),
      row("rotated", 86_400_000, 86_400_000, { status: "rotated", child_id: "live" }),
      row("endless", 86_400_000, null, { origin: "users-permissions", user_id: "7" }),
      row("boundary", 0, 0),
      row("over1", -1, -1),
      row("over2", -86_400_000, -3_600_000, { status: "rotated", child_id: "over1" }),
    ]);
    await knex.destroy();
  },
  async judge(db) {
    const knex = openKnex(db, "better-sqlite3");
    await knex("strapi_sessions").where("absolute_expires_at", "<", new Date()).delete();
    await knex.destroy();
  },
};

const epicClient = await clientOf("epic-stack", `
model User {
  id        String    @id @default(cuid())
  email     String    @unique
  username  String    @unique
  createdAt DateTime  @default(now())
  updatedAt DateTime  @updatedAt
  sessions  Session[]
}
model Session {
  id             String   @id @default(cuid())
  expirationDate DateTime
  createdAt      DateTime @default(now())
  updatedAt      DateTime @updatedAt
  user           User     @relation(fields: [userId], references: [id], onDelete: Cascade, onUpdate: Cascade)
  userId         String
  @@index([userId])
}`);

function epicStack(name, timestampFormat, predicate) {
  const ends = { live: 30 * 86_400_000 - 337, soon: 1, boundary: 0, over1: -1, over2: -86_400_000 };
  return {
    name,
    profile: "epic-stack",
    verified: `read epicweb-dev/epic-stack, app/utils/auth.server.ts and prisma/schema.prisma; rows by ${versions("@prisma/client", "@prisma/adapter-better-sqlite3")}, timestampFormat "${timestampFormat}"`,
    table: "Session",
    id: "id",
    purge: "none; a session is accepted as long as expirationDate > now",
    predicate,
    async make(db) {
      await create(
        db,
        `CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "email" TEXT NOT NULL, "username" TEXT NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL)`,
        `CREATE TABLE "Session" ("id" TEXT NOT NULL PRIMARY KEY, "expirationDate" DATETIME NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL, "userId" TEXT NOT NULL, CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE)`,
        `CREATE UNIQUE INDEX "User_email_key" ON "User" ("email")`,
        `CREATE UNIQUE INDEX "User_username_key" ON "User" ("username")`,
        `CREATE INDEX "Session_userId_idx" ON "Session" ("userId")`,
      );
      const client = epicClient(db, timestampFormat);
      await client.user.create({ data: { id: "u1", email: "alice@example.org", username: "alice" } });
      for (const [id, end] of Object.entries(ends)) {
        const [expirationDate, opened] = [new Date(NOW + end), new Date(NOW + end - 30 * 86_400_000)];
        await client.session.create({ data: { id, expirationDate, createdAt: opened, updatedAt: opened, userId: "u1" } });
      }
      await client.$disconnect();
    },
    async judge(db) {
      const client = epicClient(db, timestampFormat);
      const kept = await client.session.findMany({ where: { expirationDate: { gt: new Date() } } });
      await client.$disconnect();
      return kept.map(({ id }) => id).sort();
    },
  };
}

export default [
  epicStack("epic-stack", "unixepoch-ms", "expirationDate <= 1781524800000"),
  epicStack("epic-stack-text", "iso8601", "expirationDate <= '2026-06-15T12:00:00.000+00:00'"),
  strapi,
  actual,
  directus,
  ghost,
  audiobookshelf,
];

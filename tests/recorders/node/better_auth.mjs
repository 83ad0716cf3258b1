// Better Auth, on each of its adapters. Sessions are opened by signing in, and judged by
// their cookies.

import { later } from "./clock.mjs";
import { exportsOf, peer, versions } from "./fixture.mjs";
import { clientOf, create } from "./prisma.mjs";

const WEEK = 7 * 24 * 3_600_000;
const Database = await peer("better-sqlite3");
const { betterAuth } = await exportsOf("better-auth");
const { getMigrations } = await exportsOf("better-auth/db/migration");
process.env.BETTER_AUTH_TELEMETRY = "0";

/** The ends of sessions, in milliseconds from now. */
const ends = { a1: WEEK - 59_663, a2: 1337, boundary: 0, e1: -59_663, e2: -1000 };

function auth(database, options = {}) {
  let users = 0;
  let sessions = 0;
  const generateId = ({ model }) => {
    if (model === "user") return `u${(users += 1)}`;
    if (model === "session") return Object.keys(ends)[sessions++] ?? `later${sessions}`;
    return `${model}${users}`;
  };
  return betterAuth({
    baseURL: "http://localhost",
    secret: "a key of the recorder that is long enough",
    database,
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    advanced: { database: { generateId }, ipAddress: { ipAddressHeaders: ["x-real-ip"] } },
    ...options,
  });
}

/** Signs users up and then in; the first three sessions belong to three users. */
async function open(auth, cookies) {
  for (const [place, [id, end]] of Object.entries(ends).entries()) {
    const name = ["alice", "bob", "carol"][place % 3];
    const body = { email: `${name}@example.org`, password: "a long password", name };
    const headers = new Headers({ "user-agent": "recorder" });
    if (place > 0) {
      headers.set("x-real-ip", "203.0.113.8");
    }
    const call = place < 3 ? auth.api.signUpEmail : auth.api.signInEmail;
    await later(end - WEEK, async () => {
      const response = await call({ body, headers, asResponse: true });
      cookies[id] = response.headers.getSetCookie()[0].split(";")[0];
    });
  }
}

async function accepted(auth, cookies) {
  const kept = [];
  for (const [id, cookie] of Object.entries(cookies)) {
    const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
    if (found?.session.id === id) {
      kept.push(id);
    }
  }
  return kept.sort();
}

/** A fixture; `connect` opens a database, and `migrate` creates the tables in it. */
function fixture({ connect, migrate, ...rest }) {
  const cookies = {};
  return {
    id: "id",
    table: "session",
    purge: "none; a session that is over is deleted when its cookie is presented",
    tables: ["user", "session", "sessions", "verification"],
    async make(db) {
      await migrate(db);
      await open((await connect(db)).auth, cookies);
    },
    async judge(db) {
      return await accepted((await connect(db)).auth, cookies);
    },
    ...rest,
  };
}

function builtIn(name, profile, options, rest) {
  const connect = (db) => ({ auth: auth(new Database(db), options) });
  return fixture({
    name,
    profile,
    verified: `ran ${versions("better-auth", "better-sqlite3")}`,
    connect,
    async migrate(db) {
      await (await getMigrations(connect(db).auth.options)).runMigrations();
    },
    ...rest,
  });
}

const snake = {
  expiresAt: "expires_at",
  createdAt: "created_at",
  updatedAt: "updated_at",
  ipAddress: "ip_address",
  userAgent: "user_agent",
  userId: "user_id",
};

/** The schema that Better Auth's command generates for drizzle. */
async function drizzleSchema(mode) {
  const { integer, sqliteTable, text } = await exportsOf("drizzle-orm/sqlite-core");
  const time = (name) => integer(name, { mode });
  const user = sqliteTable("user", {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    email: text("email").notNull().unique(),
    emailVerified: integer("email_verified", { mode: "boolean" }).notNull(),
    image: text("image"),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
  });
  const userId = () => text("user_id").notNull().references(() => user.id, { onDelete: "cascade" });
  const session = sqliteTable("session", {
    id: text("id").primaryKey(),
    expiresAt: time("expires_at").notNull(),
    token: text("token").notNull().unique(),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    userId: userId(),
  });
  const account = sqliteTable("account", {
    id: text("id").primaryKey(),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    userId: userId(),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: time("access_token_expires_at"),
    refreshTokenExpiresAt: time("refresh_token_expires_at"),
    scope: text("scope"),
    password: text("password"),
    createdAt: time("created_at").notNull(),
    updatedAt: time("updated_at").notNull(),
  });
  const verification = sqliteTable("verification", {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: time("expires_at").notNull(),
    createdAt: time("created_at"),
    updatedAt: time("updated_at"),
  });
  return { user, session, account, verification };
}

function throughDrizzle(name, profile, mode, rest) {
  return fixture({
    name,
    profile,
    verified: `ran ${versions("better-auth", "drizzle-orm", "better-sqlite3")}; mode "${mode}"`,
    async connect(db) {
      const { drizzle } = await exportsOf("drizzle-orm/better-sqlite3");
      const { drizzleAdapter } = await exportsOf("better-auth/adapters/drizzle");
      const schema = await drizzleSchema(mode);
      const client = drizzle(new Database(db), { schema });
      return { auth: auth(drizzleAdapter(client, { provider: "sqlite", schema })) };
    },
    async migrate(db) {
      const { generateSQLiteDrizzleJson, generateSQLiteMigration } = await peer("drizzle-kit/api");
      const json = await generateSQLiteDrizzleJson(await drizzleSchema(mode));
      const statements = await generateSQLiteMigration(await generateSQLiteDrizzleJson({}), json);
      await create(db, ...statements);
    },
    ...rest,
  });
}

/** The models that Better Auth's command generates for Prisma. */
const models = `
model User {
  id            String    @id
  name          String
  email         String    @unique
  emailVerified Boolean   @default(false)
  image         String?
  createdAt     DateTime  @default(now())
  updatedAt     DateTime  @default(now()) @updatedAt
  sessions      Session[]
  accounts      Account[]
  @@map("user")
}
model Session {
  id        String   @id
  expiresAt DateTime
  token     String   @unique
  createdAt DateTime @default(now())
  updatedAt DateTime @updatedAt
  ipAddress String?
  userAgent String?
  userId    String
  user      User     @relation(fields: [userId], references: [id], onDelete: Cascade)
  @@map("session")
}
model Account {
  id                    String    @id
  accountId             String
  providerId            String
  userId                String
  user                  User      @relation(fields: [userId], references: [id], onDelete: Cascade)
  accessToken           String?
  refreshToken          String?
  idToken               String?
  accessTokenExpiresAt  DateTime?
  refreshTokenExpiresAt DateTime?
  scope                 String?
  password              String?
  createdAt             DateTime  @default(now())
  updatedAt             DateTime  @updatedAt
  @@map("account")
}
model Verification {
  id         String   @id
  identifier String
  value      String
  expiresAt  DateTime
  createdAt  DateTime @default(now())
  updatedAt  DateTime @default(now()) @updatedAt
  @@map("verification")
}`;

const reference = `CONSTRAINT "%_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE`;
const prismaTables = [
  `CREATE TABLE "user" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "email" TEXT NOT NULL, "emailVerified" BOOLEAN NOT NULL DEFAULT false, "image" TEXT, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  `CREATE TABLE "session" ("id" TEXT NOT NULL PRIMARY KEY, "expiresAt" DATETIME NOT NULL, "token" TEXT NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL, "ipAddress" TEXT, "userAgent" TEXT, "userId" TEXT NOT NULL, ${reference.replace("%", "session")})`,
  `CREATE TABLE "account" ("id" TEXT NOT NULL PRIMARY KEY, "accountId" TEXT NOT NULL, "providerId" TEXT NOT NULL, "userId" TEXT NOT NULL, "accessToken" TEXT, "refreshToken" TEXT, "idToken" TEXT, "accessTokenExpiresAt" DATETIME, "refreshTokenExpiresAt" DATETIME, "scope" TEXT, "password" TEXT, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL, ${reference.replace("%", "account")})`,
  `CREATE TABLE "verification" ("id" TEXT NOT NULL PRIMARY KEY, "identifier" TEXT NOT NULL, "value" TEXT NOT NULL, "expiresAt" DATETIME NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  `CREATE UNIQUE INDEX "user_email_key" ON "user" ("email")`,
  `CREATE UNIQUE INDEX "session_token_key" ON "session" ("token")`,
];

async function throughPrisma(name, timestampFormat, rest) {
  let client;
  return fixture({
    name,
    profile: "better-auth-prisma",
    verified: `ran ${versions("better-auth", "@prisma/client", "@prisma/adapter-better-sqlite3")}; timestampFormat "${timestampFormat}"; tables as Prisma's migrations create them`,
    async connect(db) {
      const { prismaAdapter } = await exportsOf("better-auth/adapters/prisma");
      client ??= await clientOf("better-auth", models);
      return { auth: auth(prismaAdapter(client(db, timestampFormat), { provider: "sqlite" })) };
    },
    async migrate(db) {
      await create(db, ...prismaTables);
    },
    ...rest,
  });
}

export default [
  builtIn("better-auth", "better-auth", {}, {
    predicate: "expiresAt < '2026-06-15T12:00:00.000Z'",
  }),
  builtIn("better-auth-snake", "better-auth-snake", {
    session: { modelName: "sessions", fields: snake },
  }, {
    table: "sessions",
    notes: ["the names of table and fields are set in the application's configuration"],
    predicate: "expires_at < '2026-06-15T12:00:00.000Z'",
  }),
  throughDrizzle("better-auth-drizzle", "better-auth-drizzle", "timestamp_ms", {
    predicate: "expires_at < 1781524800000",
  }),
  throughDrizzle("better-auth-drizzle-seconds", "better-auth-drizzle-seconds", "timestamp", {
    predicate: "expires_at < 1781524800",
  }),
  await throughPrisma("better-auth-prisma", "iso8601", {
    predicate: "expiresAt < '2026-06-15T12:00:00.000+00:00'",
  }),
  await throughPrisma("better-auth-prisma-numbers", "unixepoch-ms", {
    predicate: "expiresAt < 1781524800000",
  }),
];

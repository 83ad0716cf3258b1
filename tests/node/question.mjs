// One question a call: its name and its values, in JSON; the answer goes to stdout.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const installed = createRequire(process.env.PEERS);

/** A package that tests/run has installed. */
export async function peer(name) {
  const found = await import(pathToFileURL(installed.resolve(name)));
  return found.default ?? found;
}

/** The same, with everything that it exports. */
export function exportsOf(name) {
  return import(pathToFileURL(installed.resolve(name)));
}

export async function answer(questions) {
  const [name, ...values] = process.argv.slice(2);
  const found = await questions[name](...values.map((value) => JSON.parse(value)));
  process.stdout.write(JSON.stringify(found ?? null), () => process.exit(0));
}

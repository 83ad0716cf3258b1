// The clock of the fixtures, which can be set.

const Real = Date;
export const NOW = 1781524800000;
let now = NOW;

globalThis.Date = class extends Real {
  constructor(...values) {
    super(...(values.length === 0 ? [now] : values));
  }

  static now() {
    return now;
  }
};

/** Does something as if it were so many milliseconds later. */
export async function later(milliseconds, something) {
  now = NOW + milliseconds;
  try {
    return await something();
  } finally {
    now = NOW;
  }
}

// Random bytes and ids are the same in every recording of a fixture.
let seed;
let uuids;

/** Begins the random bytes and ids anew. */
export function begin() {
  seed = 1;
  uuids = 0;
}

begin();
globalThis.crypto.getRandomValues = (array) => {
  for (let place = 0; place < array.length; place += 1) {
    seed = (seed * 48271) % 2147483647;
    array[place] = seed >> 8;
  }
  return array;
};
globalThis.crypto.randomUUID = () => `00000000-0000-4000-8000-${String((uuids += 1)).padStart(12, "0")}`;

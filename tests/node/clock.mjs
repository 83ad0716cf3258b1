// A clock that the application asks like any other, and that can be set.

const Real = Date;
const frozen = process.env.FROZEN ? Number(process.env.FROZEN) * 1000 : undefined;
let shift = 0;

const now = () => (frozen ?? Real.now()) + shift;

globalThis.Date = class extends Real {
  constructor(...values) {
    super(...(values.length === 0 ? [now()] : values));
  }

  static now() {
    return now();
  }
};

/** Does something as if it were so many milliseconds later. */
export async function later(milliseconds, something) {
  shift = milliseconds;
  try {
    return await something();
  } finally {
    shift = 0;
  }
}

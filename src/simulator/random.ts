/**
 * A stream of random numbers that is the same on every machine and engine: integers and the four operations of
 * IEEE 754 only, since ECMAScript leaves the last digits of Math.log and Math.exp to the engine.
 */
export interface Stream {
  /** A number in [0, 1), 32 bits of it. */
  next(): number;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** Exponentially distributed with mean 1. */
  exponential(): number;
  /** Normally distributed with mean 0 and deviation 1, the sum of twelve uniform numbers. */
  normal(): number;
  /** The same numbers as those of `makeStream` with these keys. */
  restart(purpose: Purpose, first: number, second: number): void;
}

/** What a stream is for; streams of different purposes share nothing, so that one may change without the others. */
export const purposes = {
  song: 1,
  artist: 2,
  user: 3,
  life: 4,
  recruits: 5,
  day: 6,
  sessions: 7,
  chart: 8,
  fault: 9,
  fileFault: 10,
  levels: 11,
} as const;
export type Purpose = (typeof purposes)[keyof typeof purposes];

const TWO_32 = 4_294_967_296;

/** A 32-bit mix of three numbers (whole, below 2^53) and a seed, in which every bit depends on every bit. */
export function mix(seed: number, purpose: number, first: number, second: number): number {
  let h = scramble((seed >>> 0) ^ Math.imul(purpose, 0x9e3779b1));
  h = scramble(h ^ Math.floor(seed / TWO_32));
  h = scramble(h ^ (first >>> 0));
  h = scramble(h ^ Math.floor(first / TWO_32) ^ 0x85ebca6b);
  return scramble(h ^ (second >>> 0));
}

/** The finalizer of MurmurHash3. */
function scramble(value: number): number {
  let h = value + 0x6d2b79f5;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A uniform number in [0, 1) that depends on its keys alone, where a stream would be too much. */
export function uniformOf(seed: number, purpose: Purpose, first: number, second: number): number {
  return mix(seed, purpose, first, second) / TWO_32;
}

/** The stream of a seed and purpose, for whole numbers of the caller's choice (below 2^53 and 2^32). Generator: sfc32. */
export function makeStream(seed: number, purpose: Purpose, first: number, second = 0): Stream {
  // In an array, since engines box 32-bit numbers that a closure changes.
  const state = new Int32Array(4);

  function restart(newPurpose: Purpose, newFirst: number, newSecond: number): void {
    const key = mix(seed, newPurpose, newFirst, newSecond);
    state[0] = key;
    state[1] = scramble(key ^ 0x5bd1e995);
    state[2] = scramble((state[1] as number) ^ (newFirst >>> 0));
    state[3] = 1;
    for (let round = 0; round < 4; round += 1) bits();
  }

  function bits(): number {
    const b = state[1] as number;
    const c = state[2] as number;
    const counter = state[3] as number;
    const sum = (((state[0] as number) + b) | 0) + counter;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + (sum | 0);
    state[3] = counter + 1;
    return sum >>> 0;
  }

  function next(): number {
    return bits() / TWO_32;
  }

  restart(purpose, first, second);
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    exponential: () => -ln(1 - next()),
    normal() {
      let sum = -6;
      for (let draw = 0; draw < 12; draw += 1) sum += next();
      return sum;
    },
    restart,
  };
}

const LN_2 = Math.LN2;
const bitsOf = new DataView(new ArrayBuffer(8));

/** The natural logarithm of a positive, normal number, to 15 digits. */
export function ln(x: number): number {
  bitsOf.setFloat64(0, x);
  const high = bitsOf.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  bitsOf.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let mantissa = bitsOf.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), and |z| < 0.172.
  const z = (mantissa - 1) / (mantissa + 1);
  const q = z * z;
  const series =
    1 +
    q *
      (1 / 3 +
        q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q * (1 / 17))))))));
  return exponent * LN_2 + 2 * z * series;
}

/** e to the x, for |x| < 700, to 14 digits. */
export function exp(x: number): number {
  const power = Math.round(x / LN_2);
  const rest = x - power * LN_2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 18; n += 1) {
    term = (term * rest) / n;
    sum += term;
  }
  bitsOf.setUint32(0, (power + 1023) << 20);
  bitsOf.setUint32(4, 0);
  return sum * bitsOf.getFloat64(0);
}

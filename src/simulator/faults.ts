import type { Fault, FaultName } from '../answer-key/answer-key.ts';
import { mix, purposes, uniformOf } from './random.ts';

/** Faults of single events, in the order in which a draw picks them; the others affect complete files. */
export const eventFaults = [
  'duplicate-event',
  'late',
  'out-of-order',
  'broken-json',
  'wrong-type',
  'other-case',
  'new-key',
  'double-encoded',
  'quoted-agent',
  'key-conflict',
] as const satisfies readonly FaultName[];
export const fileFaults = [
  'duplicate-file',
  'redelivered-file',
  'truncated',
] as const satisfies readonly FaultName[];
export type EventFault = (typeof eventFaults)[number];

/** How often each fault is planted: a share of the events, or of the files. */
export type FaultRates = Readonly<Partial<Record<FaultName, number>>>;

/** What `--dirty` plants by default. */
export const defaultRates: FaultRates = {
  'duplicate-event': 0.005,
  late: 0.005,
  'out-of-order': 0.005,
  'broken-json': 0.002,
  'wrong-type': 0.003,
  'other-case': 0.002,
  'new-key': 0.002,
  'double-encoded': 0.02,
  'quoted-agent': 0.01,
  'key-conflict': 0.002,
  'duplicate-file': 0.07,
  'redelivered-file': 0.07,
  truncated: 0.1,
};

/** The fault of an event, or null; pure in its natural key. */
export function faultOf(seed: number, rates: FaultRates, sessionId: number, item: number): EventFault | null {
  let draw = uniformOf(seed, purposes.fault, sessionId, item);
  for (const name of eventFaults) {
    draw -= rates[name] ?? 0;
    if (draw < 0) return name;
  }
  return null;
}

/** A whole number below 2^32 that decides how a fault looks. */
export function variantOf(seed: number, sessionId: number, item: number): number {
  return mix(seed, purposes.fault, sessionId, item + 0x4000_0000);
}

/** Which file faults befall a day's file; a file is either copied or delivered again, never both. */
export function fileFaultsOf(
  seed: number,
  rates: FaultRates,
  day: number,
  firstUser: number,
): ReadonlySet<FaultName> {
  const found = new Set<FaultName>();
  const happens = (name: FaultName, at: number): boolean =>
    uniformOf(seed, purposes.fileFault, day * 16 + at, firstUser) < (rates[name] ?? 0);
  if (happens('duplicate-file', 0)) found.add('duplicate-file');
  else if (happens('redelivered-file', 1)) found.add('redelivered-file');
  if (happens('truncated', 2)) found.add('truncated');
  return found;
}

/** What the first delivery of a file that comes again makes of an event; null leaves it. */
export function firstDeliveryOf(
  seed: number,
  sessionId: number,
  item: number,
): 'missing' | 'other level' | null {
  const draw = uniformOf(seed, purposes.fileFault, sessionId, item);
  if (draw < 0.03) return 'missing';
  return draw < 0.06 ? 'other level' : null;
}

/** A line that was made wrong, and what a load must find there. */
export interface WrongLine {
  readonly line: string;
  readonly finds: Pick<Fault, 'reject' | 'drift' | 'detail'>;
}

/** A record that is not JSON any more. Every form starts with a brace, so that no two such lines are taken for one. */
export function brokenJson(line: string, variant: number): WrongLine {
  const middle = Math.floor(line.length / 2);
  const ways: readonly (() => [string, string])[] = [
    () => ['cut in the middle', line.slice(0, 20 + (variant % (line.length - 40)))],
    () => ['cut after a value', line.slice(0, line.indexOf(',"', middle))],
    () => [
      'a comma too few',
      `${line.slice(0, line.indexOf(',"', middle))}${line.slice(line.indexOf(',"', middle) + 1)}`,
    ],
    () => ['a comma too many', `${line.slice(0, -1)},}`],
    () => ['not a number', line.replace(/"length":[^,]+,/, '"length":NaN,')],
    () => ['single quotes', line.replace(/"auth":"([^"]*)"/, "'auth':'$1'")],
  ];
  const [detail, broken] = (ways[(variant >>> 8) % ways.length] as () => [string, string])();
  return { line: broken, finds: { reject: { rule: 'malformed_json', field: null }, detail } };
}

type Reject = NonNullable<Fault['reject']>;

/** A value of another type, out of range or missing; the second list needs a play. */
const wrongValues: readonly (readonly [key: string, json: string, rule: Reject['rule']])[] = [
  ['itemInSession', '1.5', 'wrong_type'],
  ['sessionId', 'null', 'missing_field'],
  ['level', '"premium"', 'not_accepted'],
  ['level', 'true', 'wrong_type'],
  ['page', '42', 'wrong_type'],
  ['ts', '"2018-11-01T20:57:10Z"', 'wrong_type'],
  ['ts', '-1', 'out_of_range'],
  ['userId', '7', 'wrong_type'],
  ['registration', '"yesterday"', 'wrong_type'],
  ['status', '"OK"', 'wrong_type'],
  ['location', '["Lansing","MI"]', 'wrong_type'],
];
const wrongInPlays: typeof wrongValues = [
  ['song', 'null', 'incomplete_play'],
  ['length', '"3:52"', 'wrong_type'],
  ['length', '-12.5', 'out_of_range'],
  ['artist', '702', 'wrong_type'],
];

export function wrongType(line: string, variant: number, isPlay: boolean): WrongLine {
  const choices = isPlay ? [...wrongValues, ...wrongInPlays] : wrongValues;
  const [field, json, rule] = choices[variant % choices.length] as (typeof wrongValues)[number];
  return { line: withValue(line, field, json), finds: { reject: { rule, field } } };
}

const requiredKeys = ['itemInSession', 'level', 'page', 'sessionId', 'ts'];
const otherKeys = [
  'firstName',
  'gender',
  'lastName',
  'location',
  'method',
  'registration',
  'status',
  'userAgent',
];

/** The key that a variant writes in another case, and whether a record cannot do without it. */
export function otherCaseKey(variant: number): { key: string; isRequired: boolean } {
  const at = variant % (requiredKeys.length + otherKeys.length);
  const isRequired = at < requiredKeys.length;
  const key = isRequired ? requiredKeys[at] : otherKeys[at - requiredKeys.length];
  return { key: key as string, isRequired };
}

/** A key in another case: a required one costs the record, another one its value. */
export function otherCase(line: string, variant: number): WrongLine {
  const { key, isRequired } = otherCaseKey(variant);
  const isUpper = Math.floor(variant / 256) % 2 === 0;
  const cased = isUpper ? key.toUpperCase() : `${key[0]?.toUpperCase()}${key.slice(1)}`;
  const drift = [
    { change: 'other case', key: cased },
    { change: 'missing', key },
  ] as const;
  const reject = { rule: 'missing_field', field: key } as const;
  return {
    line: line.replace(`"${key}":`, () => `"${cased}":`),
    finds: isRequired ? { drift, reject } : { drift },
  };
}

const newKeys: readonly (readonly [string, string])[] = [
  ['deviceId', '"b7e1-44"'],
  ['experiment', '{"name":"autoplay","arm":"B"}'],
  ['latencyMs', '48.25'],
];

export function newKey(line: string, variant: number): WrongLine {
  const [key, json] = newKeys[variant % newKeys.length] as readonly [string, string];
  return { line: `${line.slice(0, -1)},"${key}":${json}}`, finds: { drift: [{ change: 'new', key }] } };
}

/** Artist and song as UTF-8 that was read as Latin-1 and encoded again, once or twice; null if both are ASCII. */
export function doubleEncoded(
  line: string,
  variant: number,
  text: (value: string) => string,
): WrongLine | null {
  const record = JSON.parse(line) as { artist: string | null; song: string | null };
  const rounds = 1 + (variant % 2);
  const garble = (value: string): string => {
    let garbled = value;
    for (let round = 0; round < rounds; round += 1) garbled = Buffer.from(garbled, 'utf8').toString('latin1');
    return garbled;
  };
  let wrong = line;
  for (const key of ['artist', 'song'] as const) {
    const value = record[key];
    if (value !== null && garble(value) !== value) wrong = withValue(wrong, key, text(garble(value)));
  }
  return wrong === line
    ? null
    : { line: wrong, finds: { detail: `${rounds === 1 ? 'once' : 'twice'} more` } };
}

/** The user agent in quotes of its own, as most of the real ones have it; null where there is none. */
export function quotedAgent(line: string): WrongLine | null {
  const { userAgent } = JSON.parse(line) as { userAgent: string | null };
  if (userAgent === null) return null;
  return { line: line.replace(/"userAgent":"(.*?)","userId"/, '"userAgent":"\\"$1\\"","userId"'), finds: {} };
}

/** Another event under the same key: a little later, so that the right one wins. */
export function conflicting(line: string, ts: number): string {
  return withValue(withValue(line, 'ts', String(ts)), 'status', '503');
}

/** The record with another value under a key that stands once at its top. */
function withValue(line: string, key: string, json: string): string {
  const begins = line.indexOf(`"${key}":`) + key.length + 3;
  const isText = line[begins] === '"';
  let ends = begins + 1;
  if (isText) {
    while (line[ends] !== '"') ends += line[ends] === '\\' ? 2 : 1;
    ends += 1;
  } else while (line[ends] !== ',' && line[ends] !== '}') ends += 1;
  return line.slice(0, begins) + json + line.slice(ends);
}

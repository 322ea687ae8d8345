import { inDialect } from '../warehouses/sql.ts';
import type { SqlRow, Warehouse } from '../warehouses/warehouse.ts';
import type { AnswerKey, DayKey, Fault, FileKey } from './answer-key.ts';
import { artistSql, playSql, songSql, userSql } from './row-sums.ts';

/** One thing that is not as the answer key says. */
interface Difference {
  /** `file`, `reject`, `repeat`, `drift`, `table` or `day`. */
  readonly kind: string;
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/** What was compared, and what differs. */
export interface Comparison {
  readonly compared: Readonly<Record<string, number>>;
  readonly differences: readonly Difference[];
}

type Reader = Pick<Warehouse, 'rows' | 'dialect'>;

/** A planted fault or a fact of the warehouse, by what makes it the same thing. */
type Found = ReadonlyMap<string, string>;

/** Compares a warehouse with the answer key of the data set that was loaded into it, and with nothing else. */
export async function compareWith(key: AnswerKey, warehouse: Reader): Promise<Comparison> {
  const files = await readFiles(key, warehouse);
  const parts: Record<string, readonly [expected: Found, found: Found]> = {
    file: [expectedFiles(key, files), files.found],
    reject: [expectedRejects(key, files), await readRejects(warehouse, files)],
    repeat: [expectedRepeats(key), await readRepeats(warehouse)],
    drift: [expectedDrift(key, files), await readDrift(warehouse, files)],
    table: [expectedTables(key), await readTables(warehouse)],
    day: [
      new Map(key.days.filter(({ plays }) => plays > 0).map((day) => [day.date, dayText(day)])),
      await readDays(warehouse),
    ],
  };
  const differences = Object.entries(parts).flatMap(([kind, [expected, found]]) =>
    differ(kind, expected, found),
  );
  const compared = Object.fromEntries(
    Object.entries(parts).map(([kind, [expected]]) => [kind, expected.size]),
  );
  return { compared, differences };
}

function differ(kind: string, expected: Found, found: Found): Difference[] {
  const differences: Difference[] = [];
  for (const [where, what] of expected) {
    const is = found.get(where);
    if (is !== what) differences.push({ kind, where, expected: what, found: is ?? 'nothing' });
  }
  for (const [where, what] of found) {
    if (!expected.has(where)) differences.push({ kind, where, expected: 'nothing', found: what });
  }
  return differences;
}

/**
 * Where an engine read the files by itself, only batches of them are known: their sums and rules, not their lines. Such a
 * batch is compared as one thing, under a name of its own.
 */
interface Files {
  readonly found: Found;
  /** What a content or its batch is called: of a file and its copies, by the one that is no copy. */
  readonly nameOf: (fileId: number) => string;
  /** The name under which a path's faults are known. */
  readonly originalOf: (path: string) => string;
  readonly isBatch: (name: string) => boolean;
}

/** The manifest's files under the names that the answer key has for them, wherever the data set lies. */
async function readFiles(key: AnswerKey, warehouse: Reader): Promise<Files> {
  const rows = await warehouse.rows(
    'select kind, path, file_id, sha256, lines, staged, rejected from ops.files order by path',
  );
  const byEnding = new Map<string, FileKey>();
  for (const file of key.files) byEnding.set(`${file.kind} ${withoutFolder(file.path)}`, file);
  const copies = new Map(
    key.files.flatMap(({ path, copyOf }) => (copyOf === undefined ? [] : [[path, copyOf]])),
  );
  const found = new Map<string, string>();
  const names = new Map<number, string>();
  const batchOf = new Map<string, string>();
  for (const row of rows) {
    const name = keyNameOf(row, byEnding) ?? String(row.path);
    const fileId = Number(row.file_id);
    const file = row as unknown as FileKey;
    if (file.sha256.startsWith('etag:')) {
      const batch = `batch ${fileId}`;
      names.set(fileId, batch);
      batchOf.set(name, batch);
      found.set(batch, sumsText(file));
    } else {
      found.set(name, fileText(file));
      names.set(fileId, copies.get(name) ?? name);
    }
  }
  const originalOf = (path: string): string => {
    const name = copies.get(path) ?? path;
    return batchOf.get(name) ?? name;
  };
  return {
    found,
    nameOf: (fileId) => names.get(fileId) ?? `file_id ${fileId}`,
    originalOf,
    isBatch: (name) => [...batchOf.values()].includes(name),
  };
}

/** The longest end of a path that the answer key knows below log_data or song_data. */
function keyNameOf({ kind, path }: SqlRow, byEnding: ReadonlyMap<string, FileKey>): string | null {
  const parts = String(path).split(/[/\\]/);
  for (let at = 0; at < parts.length; at += 1) {
    const file = byEnding.get(`${kind} ${parts.slice(at).join('/')}`);
    if (file !== undefined) return file.path;
  }
  return null;
}

function withoutFolder(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

function expectedFiles(key: AnswerKey, files: Files): Found {
  const expected = new Map<string, string>();
  const batches = new Map<string, FileKey[]>();
  for (const file of key.files) {
    const name = files.originalOf(file.path);
    if (!files.isBatch(name)) expected.set(file.path, fileText(file));
    else if (file.copyOf === undefined) batches.set(name, [...(batches.get(name) ?? []), file]);
  }
  for (const [name, members] of batches) {
    const sum = (of: 'lines' | 'staged' | 'rejected'): number =>
      members.reduce((total, file) => total + file[of], 0);
    expected.set(name, sumsText({ lines: sum('lines'), staged: sum('staged'), rejected: sum('rejected') }));
  }
  return expected;
}

function sumsText({ lines, staged, rejected }: Pick<FileKey, 'lines' | 'staged' | 'rejected'>): string {
  return `${lines} lines, ${staged} staged, ${rejected} rejected`;
}

function fileText(file: Pick<FileKey, 'sha256' | 'lines' | 'staged' | 'rejected'>): string {
  return `${sumsText(file)}, sha256 ${String(file.sha256).slice(0, 12)}…`;
}

function expectedRejects(key: AnswerKey, files: Files): Found {
  const rejects = key.faults.flatMap(({ path, line, reject }) =>
    reject === undefined
      ? []
      : [{ name: files.originalOf(path), line, text: rejectText(reject.rule, reject.field) }],
  );
  return located(rejects, files);
}

async function readRejects(warehouse: Reader, files: Files): Promise<Found> {
  const rows = await warehouse.rows(
    'select file_id, line, rule, field from ops.rejects order by file_id, line',
  );
  const rejects = rows.map(({ file_id, line, rule, field }) => ({
    name: files.nameOf(Number(file_id)),
    line: Number(line),
    text: rejectText(String(rule), field === null ? null : String(field)),
  }));
  return located(rejects, files);
}

/** Rejects by their lines; those of a batch by their rule, and counted. */
function located(
  rejects: readonly { readonly name: string; readonly line: number | null; readonly text: string }[],
  files: Files,
): Found {
  const found = new Map<string, string>();
  for (const { name, line, text } of rejects) {
    if (!files.isBatch(name)) found.set(`${name}:${line}`, text);
    else found.set(`${name}, ${text}`, `${Number(found.get(`${name}, ${text}`) ?? 0) + 1}`);
  }
  return found;
}

function rejectText(rule: string, field: string | null): string {
  return field === null ? rule : `${rule} of ${field}`;
}

function expectedRepeats(key: AnswerKey): Found {
  const counts = new Map<string, number>();
  for (const { repeat } of key.faults) {
    if (repeat !== undefined) add(counts, `${repeat.as} of ${repeat.sessionId}-${repeat.item}`, 1);
  }
  return texts(counts);
}

async function readRepeats(warehouse: Reader): Promise<Found> {
  const rows = await warehouse.rows(
    `select repeat, session_id, item_in_session, count(*) as events
     from ops.repeated_events group by repeat, session_id, item_in_session`,
  );
  const counts = new Map<string, number>();
  for (const { repeat, session_id, item_in_session, events } of rows) {
    add(counts, `${repeat} of ${session_id}-${item_in_session}`, Number(events));
  }
  const [songs] = await warehouse.rows('select count(*) as songs from ops.repeated_songs');
  add(counts, 'of songs', Number(songs?.songs));
  return texts(counts);
}

function expectedDrift(key: AnswerKey, files: Files): Found {
  const counts = new Map<string, number>();
  for (const { path, drift } of key.faults) {
    for (const { change, key: name } of drift ?? []) {
      add(counts, `${files.originalOf(path)}, ${change} key ${name}`, 1);
    }
  }
  for (const { path, missing } of key.files) {
    for (const [name, records] of Object.entries(missing ?? {})) {
      add(counts, `${files.originalOf(path)}, missing key ${name}`, records);
    }
  }
  return texts(counts);
}

async function readDrift(warehouse: Reader, files: Files): Promise<Found> {
  const rows = await warehouse.rows('select file_id, change, key, records from ops.drift order by file_id');
  const counts = new Map<string, number>();
  for (const { file_id, change, key, records } of rows) {
    add(counts, `${files.nameOf(Number(file_id))}, ${change} key ${key}`, Number(records));
  }
  return texts(counts);
}

function expectedTables({ tables, usersByLevel, rowSums, events, songs, faults }: AnswerKey): Found {
  const repeated = faults.filter(({ repeat }) => repeat !== undefined).length;
  return texts(
    new Map([
      ...Object.entries(tables),
      ['users who are free', usersByLevel.free],
      ['users who are paid', usersByLevel.paid],
      ['staging.events', events.staged - repeated],
      ['staging.songs', songs.staged],
      ['songplays without their user', 0],
      ...Object.entries(rowSums).map(([name, sum]): [string, number] => [`${name}, sum of all rows`, sum]),
    ]),
  );
}

async function readTables(warehouse: Reader): Promise<Found> {
  const counts = new Map<string, number>();
  for (const name of ['songplays', 'users', 'songs', 'artists', 'time', 'staging.events', 'staging.songs']) {
    const [row] = await warehouse.rows(`select count(*) as found from ${name}`);
    counts.set(name, Number(row?.found));
  }
  for (const level of ['free', 'paid']) {
    const [row] = await warehouse.rows('select count(*) as found from users where level = $1', [level]);
    counts.set(`users who are ${level}`, Number(row?.found));
  }
  const [row] = await warehouse.rows(
    `select count(*) as found from songplays
     where not exists (select 1 from users where users.user_id = songplays.user_id)`,
  );
  counts.set('songplays without their user', Number(row?.found));
  for (const [name, sql] of Object.entries({ users: userSql, songs: songSql, artists: artistSql })) {
    const [sum] = await warehouse.rows(
      `select sum(${inDialect(sql, warehouse.dialect)}) as found from ${name}`,
    );
    counts.set(`${name}, sum of all rows`, Number(sum?.found ?? 0));
  }
  return texts(counts);
}

async function readDays(warehouse: Reader): Promise<Found> {
  const rows = await warehouse.rows(
    `select
         cast(cast(start_time as date) as varchar) as date,
         count(*) as plays,
         sum(case when level = 'paid' then 1 else 0 end) as paid,
         count(song_id) as matched,
         count(distinct start_time) as start_times,
         sum(${inDialect(playSql, warehouse.dialect)}) as row_sum
     from songplays
     group by cast(start_time as date)
     order by cast(start_time as date)`,
  );
  return new Map(
    rows.map((row) => {
      const day = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
      return [
        String(row.date),
        dayText({
          ...day,
          startTimes: Number(row.start_times),
          rows: Number(row.row_sum),
        } as unknown as DayKey),
      ];
    }),
  );
}

function dayText({ plays, paid, matched, startTimes, rows }: DayKey): string {
  return `${plays} plays, ${paid} of them paid, ${matched} matched, ${startTimes} start times; the rows sum to ${rows}`;
}

function add(counts: Map<string, number>, name: string, amount: number): void {
  if (amount > 0) counts.set(name, (counts.get(name) ?? 0) + amount);
}

function texts(counts: ReadonlyMap<string, number>): Found {
  return new Map([...counts].map(([name, count]) => [name, String(count)]));
}

/** How many of each fault an answer key plants. */
export function faultCounts(faults: readonly Fault[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { fault } of faults) add(counts, fault, 1);
  return counts;
}

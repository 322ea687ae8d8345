import { allTables, checkSql, referencedTable, starTables } from '../../models/book.ts';
import { qualifiedName, type Table } from '../../schema/table.ts';
import { columnName, equalOn, inDialect, listColumns, literal } from '../../warehouses/sql.ts';
import type { SqlRow, SqlValue } from '../../warehouses/statement.ts';
import type { Dialect, Warehouse } from '../../warehouses/warehouse.ts';
import { wholeModels } from '../build/build.ts';
import type { MatchOn } from '../match-on.ts';
import type { KeptDrift } from '../stage/drift.ts';

/** A claim about the warehouse; each row that its SQL yields breaks it. */
export interface Check {
  readonly name: string;
  readonly claim: string;
  readonly sql: string;
  /** A load that breaks it must not commit; else it commits and says so. */
  readonly blocks: boolean;
}

export interface CheckResult {
  readonly name: string;
  readonly claim: string;
  readonly status: 'passed' | 'failed';
  readonly failures: number;
  /** The first failing rows. */
  readonly sample: readonly SqlRow[];
}

const SAMPLE_ROWS = 5;
const PLAYS = 'songplays-are-next-song-events';

const claims: Readonly<Record<string, string>> = {
  'songplays-are-next-song-events': 'songplays has as many rows as there are accepted NextSong events',
  'time-is-distinct-start-times': 'time has as many rows as songplays has distinct start_times',
  'one-current-level-per-user': 'every user has one current level, and users.level is that one',
  'coordinates-are-whole-pairs': 'every artist has both coordinates or none',
  'files-balance': 'for every file, lines = staged + rejected + blank',
  'repeats-have-their-original': 'every event and song set aside has its key in staging',
  'file-numbers-are-new': 'the next content gets a number that no content has',
  'staged-rows-are-accounted': 'what the manifest says is staged is in staging, file by file',
  'rejects-are-accounted': 'what the manifest says was rejected is in ops.rejects, file by file',
  'song-keys-follow-the-songs': 'ops.song_keys has the spellings of every staged song, and no others',
};

/** Every check there is: derived from the declarations and the models, and those of models/checks. */
export function allChecks(matchOn: MatchOn, dialect: Dialect): Check[] {
  const derived = allTables.flatMap((table) => [...uniqueCheck(table), notNullCheck(table)]);
  const star = starTables.flatMap((table) => [...referenceChecks(table), ...valueChecks(table)]);
  const models = wholeModels(matchOn, dialect).map(modelCheck);
  const written = Object.keys(claims).map((name) => {
    const check = writtenCheck(name);
    return { ...check, sql: inDialect(check.sql, dialect) };
  });
  return [...derived, ...star, ...written, ...models];
}

/** That ops.drift holds what the loads wrote there, of which the manifest keeps no count; none where no run counted it. */
export function driftChecks(kept: KeptDrift | null): Check[] {
  if (kept === null) return [];
  return [
    {
      name: 'drift-is-accounted',
      claim: 'ops.drift holds what the loads wrote there',
      sql: `select found.keys, found.records, ${kept.keys} as keys_written, ${kept.records} as records_written
            from (select count(*) as keys, coalesce(sum(records), 0) as records from ops.drift) as found
            where found.keys <> ${kept.keys} or found.records <> ${kept.records}`,
      blocks: true,
    },
  ];
}

/** Checks of every content against the manifest; each yields its file_id. They look through all of staging. */
export function contentChecks(): Check[] {
  return ['staged-rows-are-accounted', 'rejects-are-accounted', 'files-balance'].map(writtenCheck);
}

/**
 * The checks before a commit. Of a table that was built in parts, the rows that were put in are checked (they stand in
 * fresh_<table>), so that the cost follows them. Of one that was built completely, what its model cannot break is left
 * to `sparkify check`: the keys of songplays follow from those of staging.events, which deduplicate makes unique, and
 * from the equal counts. `ofEveryContent`: as after a full refresh, which promises all of them.
 */
export function loadChecks(
  scopes: ReadonlyMap<string, string | null>,
  { ofEveryContent = false } = {},
): Check[] {
  const ofContents = ofEveryContent
    ? [...contentChecks(), writtenCheck('repeats-have-their-original')]
    : [writtenCheck('files-balance')];
  return [...derivedChecks(scopes), ...ofContents];
}

/** Of the checks before a commit, those of what was built from staging. */
export function derivedChecks(scopes: ReadonlyMap<string, string | null>): Check[] {
  const star = starTables.flatMap((table) => {
    const isWhole = scopes.get(table.name) === null;
    const rows = isWhole ? table.name : `fresh_${table.name}`;
    const isProven = isWhole && (table.name === 'songplays' || table.name === 'time');
    const others = [...referenceChecks(table, rows), ...valueChecks(table, rows)];
    if (isProven) return others.filter(({ name }) => name !== 'songplays.start_time reference');
    const standing = isWhole
      ? rows
      : `(select ${listColumns(table, table.name)} from ${rows} join ${table.name} on ${equalOn(table.key, rows, table.name)}) as touched`;
    return [...uniqueCheck(table, standing), ...others];
  });
  const plays = scopes.get('songplays') === null ? writtenCheck(PLAYS) : touchedPlays();
  const whole = ['one-current-level-per-user', 'coordinates-are-whole-pairs'];
  const times = scopes.get('time') === null ? ['time-is-distinct-start-times'] : [];
  return [...star, plays, ...[...whole, ...times].map(writtenCheck)];
}

function writtenCheck(name: string): Check {
  return { name, claim: claims[name] as string, sql: checkSql(name), blocks: true };
}

/** Of the events that a load touched, the same as the check of all. */
function touchedPlays(): Check {
  return { ...writtenCheck(PLAYS), sql: checkSql(`touched-${PLAYS}`) };
}

/** Checks against limits of the user's own; null sets none. */
export function limitChecks(limits: {
  maxAgeHours: number | null;
  minMatchPercent: number | null;
  nowMs: number;
}): Check[] {
  const { maxAgeHours, minMatchPercent, nowMs } = limits;
  const checks: Check[] = [];
  if (maxAgeHours !== null) {
    const oldest = Math.round(nowMs - maxAgeHours * 3_600_000);
    checks.push({
      name: 'freshness',
      claim: `the latest event is younger than ${maxAgeHours} hours`,
      sql: `select max(ts) as latest_ts from staging.events having max(ts) < ${oldest} or max(ts) is null`,
      blocks: false,
    });
  }
  if (minMatchPercent !== null) {
    checks.push({
      name: 'match rate',
      claim: `at least ${minMatchPercent} % of the plays found their song`,
      sql: `select count(*) as plays, count(song_id) as matched from songplays
            having count(song_id) * 100.0 < count(*) * ${minMatchPercent}`,
      blocks: false,
    });
  }
  return checks;
}

/** Runs checks one after the other. */
export async function runChecks(
  checks: readonly Check[],
  warehouse: Pick<Warehouse, 'rows'>,
  onDone: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const [row] = await warehouse.rows({
      name: `check: ${check.name}`,
      sql: `select count(*) as failures from (${check.sql}) as failing`,
      whenDryRun: [{ failures: 0 }],
    });
    const failures = Number(row?.failures ?? 0);
    const sample =
      failures === 0
        ? []
        : await warehouse.rows({
            name: `check: ${check.name}, failing rows`,
            sql: `select * from (${check.sql}) as failing limit ${SAMPLE_ROWS}`,
          });
    const status = failures === 0 ? 'passed' : 'failed';
    const result: CheckResult = {
      name: check.name,
      claim: check.claim,
      status,
      failures,
      sample: sample.map(withMoments),
    };
    results.push(result);
    onDone(result);
  }
  return results;
}

/** A row for people: beside milliseconds since 1970, the moment in UTC. */
function withMoments(row: SqlRow): SqlRow {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, SqlValue][] =>
      /(^|_)ts$/.test(name) && typeof value === 'number'
        ? [
            [name, value],
            [`${name}_utc`, momentOf(value)],
          ]
        : [[name, value]],
    ),
  );
}

/** ISO 8601; null for what is not a moment that JavaScript knows. */
function momentOf(ms: number): string | null {
  const moment = new Date(ms);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** A table's rows are those that its model makes of staging, no more and no less, in every column. */
function modelCheck({ table, sql }: { table: Table; sql: string }): Check {
  const name = qualifiedName(table);
  const columns = listColumns(table);
  const built = `(${sql}) as built`;
  return {
    name: `${name} model`,
    claim: `${name} is what its model makes of staging, row for row`,
    sql: `select 'missing' as fault, ${columns}
          from (select ${columns} from ${built} except select ${columns} from ${name}) as missing
          union all
          select 'surplus' as fault, ${columns}
          from (select ${columns} from ${name} except select ${columns} from ${built}) as surplus`,
    blocks: true,
  };
}

function uniqueCheck(table: Table, rows = qualifiedName(table)): Check[] {
  if (table.key.length === 0) return [];
  const key = table.key.join(', ');
  return [
    {
      name: `${qualifiedName(table)} key`,
      claim: `${qualifiedName(table)} has one row per ${key}`,
      sql: `select ${key}, count(*) as found from ${rows} group by ${key} having count(*) > 1`,
      blocks: true,
    },
  ];
}

function notNullCheck(table: Table): Check {
  const required = Object.entries(table.columns).filter(([, column]) => !column.nullable);
  const anyNull = required.map(([name]) => `${columnName(name)} is null`).join(' or ');
  return {
    name: `${qualifiedName(table)} not null`,
    claim: `no required column of ${qualifiedName(table)} is null`,
    sql: `select * from ${qualifiedName(table)} where ${anyNull}`,
    blocks: true,
  };
}

function referenceChecks(table: Table, rows = qualifiedName(table)): Check[] {
  return (table.references ?? []).map((reference) => {
    const target = qualifiedName(referencedTable(reference.table));
    const column = reference.columns[0] as string;
    return {
      name: `${table.name}.${column} reference`,
      claim: `every ${table.name}.${column} is in ${target}`,
      sql: `select ${column}
            from (select distinct ${column} from ${rows} where ${column} is not null) as referring
            where not exists (select 1 from ${target} where ${target}.${reference.to[0]} = referring.${column})`,
      blocks: true,
    };
  });
}

function valueChecks(table: Table, rows = qualifiedName(table)): Check[] {
  return Object.entries(table.columns).flatMap(([name, { values }]) =>
    values === undefined
      ? []
      : [
          {
            name: `${table.name}.${name} values`,
            claim: `${table.name}.${name} is ${values.join(' or ')}`,
            sql: `select ${name}, count(*) as found from ${rows}
                  where ${name} is not null and ${name} not in (${values.map(literal).join(', ')}) group by ${name}`,
            blocks: false,
          },
        ],
  );
}

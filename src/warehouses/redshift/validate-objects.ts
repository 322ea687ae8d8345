import { LoadError } from '../../errors.ts';
import { qualifiedName, sourceColumns, type Table } from '../../schema/table.ts';
import type { ReadUnit, UnitRead } from '../engine-reads.ts';
import { listColumns, literal } from '../sql.ts';
import type { RedshiftConnection } from './connection.ts';
import {
  type CopiedUnit,
  columnsOf,
  describe,
  dropStatement,
  LONGEST_KEY,
  LONGEST_TEXT,
} from './copy-objects.ts';
import { recordRules } from './rules.ts';

const TEMPORARY = ['read_rows', 'read_extras', 'read_refused'] as const;

/**
 * What was copied, by the rules as SQL: what they accept goes into staging, what they refuse into the rejects. Every record
 * that COPY counted ends in one of the two.
 */
export async function validateCopied(
  unit: ReadUnit,
  { table, shape, records, leftover }: CopiedUnit,
  main: RedshiftConnection,
): Promise<UnitRead> {
  if (records === 0 && leftover.length === unit.files.length)
    return { fileId: unit.fileId, staged: 0, rejected: 0, drift: [], leftover };
  for (const name of TEMPORARY) await main.run(dropStatement(name));
  const rules = recordRules(unit.table, shape, unit.startedAt.getTime());
  const drift = shape === 'whole' ? await driftOf(unit.table, table, main) : [];
  const hasExtras = drift.some(({ change }) => change !== 'missing');
  if (hasExtras) await collectExtras(unit.table, table, main);
  const from = hasExtras
    ? 'read_rows as source left join read_extras as extras on extras.record_id = source.record_id'
    : `${table} as source`;
  const staged = await main.run({
    name: `validate: take records into ${qualifiedName(unit.table)}`,
    sql: `insert into ${qualifiedName(unit.table)} (file_id, ${columnsOf(unit.table)}, extra)
select ${unit.fileId}, ${columnsOf(unit.table)}, extra from (
${rules.accepted(from, hasExtras)}
) as accepted`,
  });
  let rejected = 0;
  if (staged < records) {
    // In a table of their own: what is said of them would otherwise repeat every rule many times over.
    await main.run({
      name: `validate: records that ${qualifiedName(unit.table)} refuses`,
      sql: `create temporary table read_refused as ${rules.broken(from, hasExtras)}`,
      temporary: { makes: 'read_refused' },
    });
    rejected = await refuse(unit, rules.refused('read_refused'), main);
  }
  if (staged + rejected !== records) {
    throw new LoadError(
      `${describe(unit)} does not balance: COPY counted ${records} records, but ${staged} were staged and ${rejected} refused.`,
      { hint: 'Nothing was committed. This is a fault in sparkify: please report it.' },
    );
  }
  for (const name of TEMPORARY) await main.run(dropStatement(name));
  await main.run(dropStatement('read_records', table));
  return { fileId: unit.fileId, staged, rejected, drift, leftover };
}

/** Keys that are not as declared, counted over all records that are objects. */
async function driftOf(table: Table, from: string, main: RedshiftConnection): Promise<UnitRead['drift']> {
  const [objects] = await main.rows({
    name: 'drift: records that are objects',
    sql: `select count(*) as records from ${from} as source where json_typeof(source.record) = 'object'`,
  });
  const found = await main.rows({
    name: 'drift: keys of the records',
    sql: `select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from ${from} as source, unpivot source.record as value at key
     ) as keys
     group by name order by name`,
  });
  const declared = sourceColumns(table).map(({ from }) => from.key);
  const lower = new Set(declared.map((key) => key.toLowerCase()));
  const counts = new Map(found.map(({ name, records }) => [String(name), Number(records)]));
  const undeclared = [...counts]
    .filter(([key]) => !declared.includes(key))
    .map(([key, records]) => {
      const change = lower.has(key.toLowerCase()) ? ('other case' as const) : ('new' as const);
      return { change, key, records };
    });
  const missing = declared
    .map((key) => ({
      change: 'missing' as const,
      key,
      records: Number(objects?.records) - (counts.get(key) ?? 0),
    }))
    .filter(({ records }) => records > 0);
  return [...undeclared, ...missing];
}

/** read_extras: for every record with undeclared keys, these as a JSON object in the order of their names. */
async function collectExtras(table: Table, from: string, main: RedshiftConnection): Promise<void> {
  const keys = sourceColumns(table)
    .map(({ from }) => literal(from.key))
    .join(', ');
  // Backslashes by their number: whether a literal takes them as escapes is a matter of settings.
  const quoted = `'"' || replace(replace(name, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"'`;
  await main.run({
    name: 'drift: make read_rows',
    sql: 'create temporary table read_rows (record_id bigint identity(1, 1), record super)',
    temporary: { makes: 'read_rows' },
  });
  await main.run({
    name: 'drift: number the records',
    sql: `insert into read_rows (record) select record from ${from}`,
  });
  await main.run({
    name: 'drift: undeclared keys of each record',
    sql: `create temporary table read_extras as
select record_id, max(bytes) as bytes, '{' || listagg(pair, ',') within group (order by name) || '}' as extra
from (
  select record_id, name, bytes, case when bytes <= ${LONGEST_TEXT} then quoted || ':' || json_serialize(value) else '' end as pair
  from (
    select record_id, name, quoted, value,
      sum(coalesce(octet_length(quoted), 2 * ${LONGEST_TEXT}) + json_size(value) + 2) over (partition by record_id) + 1 as bytes
    from (
      select record_id, name, case when octet_length(name) <= ${LONGEST_KEY} then ${quoted} end as quoted, value
      from (
        select source.record_id, cast(key as varchar(${LONGEST_TEXT})) as name, value
        from read_rows as source, unpivot source.record as value at key
      ) as named
      where name not in (${keys})
    ) as shown
  ) as measured
) as bounded
group by record_id`,
    temporary: { makes: 'read_extras' },
  });
}

/** Writes what the rules refused; the number of records. */
async function refuse(unit: ReadUnit, refused: string, main: RedshiftConnection): Promise<number> {
  return main.run({
    name: `validate: write what ${qualifiedName(unit.table)} refused`,
    sql: `insert into ${qualifiedName(unit.rejects)} (${listColumns(unit.rejects)})
select '${unit.fileId}:' || cast(place as varchar), ${unit.fileId}, ${literal(unit.kind)}, cast($1 as varchar(4096)), 0, rule, field, value, reason, "raw", cast($2 as varchar(64)), cast($3 as timestamp)
from (
${refused}
) as refused`,
    parameters: [describe(unit), unit.runId, unit.startedAt],
    // One record is refused: so the load goes every way.
    whenDryRun: 1,
  });
}

import type { Column } from '../../schema/column.ts';
import { sourceColumns, type Table } from '../../schema/table.ts';
import { columnName, literal } from '../sql.ts';

/** How a record's values are reached: complete records in one SUPER column, or one SUPER column a value. */
export type RecordShape = 'whole' | 'columns';

/** A rule that a record may break, as SQL. */
interface Fault {
  readonly condition: string;
  readonly rule: string;
  readonly field: string | null;
  /** The value at fault, an expression of SUPER. */
  readonly value: string | null;
  /** Text, from what is known of the value: `type` (of JSON), `shown` (as short JSON), `called` (both, as one says it), `bytes`. */
  readonly reason: string;
  /** A value that must be there is not: it is null, whether it stands there or not. */
  readonly isLack?: boolean;
}

interface Field {
  readonly name: string;
  readonly column: Column;
  readonly from: NonNullable<Column['from']>;
  /** The value in a record that is read, and in one that is judged: expressions of SUPER. */
  readonly read: string;
  readonly judged: string;
}

const SHOWN_LENGTH = 200;
/** VARCHAR(MAX), in bytes. */
const LONGEST_TEXT = 65_535;
/** What a value is called, as reading/parse.ts does. */
const CALLED = `case type when 'null' then 'null' when 'array' then 'an array' when 'object' then 'an object'
      when 'string' then 'the text ' || shown when 'boolean' then 'the boolean ' || shown else 'the number ' || shown end`;

/**
 * The rules of reading/parse.ts as SQL over records in SUPER, where every value still has its JSON type: the first that
 * a record breaks, in the order of the table's columns. Nothing is coerced: a cast stands only where the type is known.
 */
export function recordRules(table: Table, shape: RecordShape, nowMs: number) {
  const fields: Field[] = sourceColumns(table).map(({ name, column, from }) => ({
    name,
    column,
    from,
    read: shape === 'whole' ? `source.record."${from.key}"` : `source.${name}`,
    judged: shape === 'whole' ? `judged.record."${from.key}"` : `judged.${name}_json`,
  }));
  const faults = [
    ...(shape === 'whole' ? wholeFaults : []),
    ...fields.flatMap((field) =>
      field.column.type === 'text' ? textFaults(field) : numberFaults(field, nowMs),
    ),
    ...incomplete(table, fields),
  ];

  const kept = shape === 'whole' ? ['record', 'record_type'] : fields.map(({ name }) => `${name}_json`);

  /** Every record: its columns, their JSON types, and the number of the rule that it breaks, 0 for none. */
  function judged(from: string, hasExtras: boolean): string {
    const columns = fields.flatMap(({ name }) => [columnName(name), `${name}_type`]);
    const read = fields.flatMap((field) => [
      `${readValue(field)} as ${columnName(field.name)}`,
      `json_typeof(${field.read}) as ${field.name}_type`,
      ...(shape === 'whole' ? [] : [`${field.read} as ${field.name}_json`]),
    ]);
    const whole = shape === 'whole' ? ['source.record', 'json_typeof(source.record) as record_type'] : [];
    const extra = hasExtras
      ? ['extras.extra', 'extras.bytes as extra_bytes']
      : [`cast(null as varchar(${LONGEST_TEXT})) as extra`, '0 as extra_bytes'];
    return `select ${[...columns, ...kept, 'extra'].join(', ')}, case
    ${faults.map(({ condition }, at) => `when ${condition} then ${at + 1}`).join('\n    ')}
    else 0 end as fault
  from (
    select ${[...read, ...whole, ...extra].join(',\n      ')}
    from ${from}
  ) as readable`;
  }

  return {
    /** Of `from`, which names them `source`: the records that break no rule, as rows of the staging table. */
    accepted: (
      from: string,
      hasExtras: boolean,
    ): string => `select ${[...fields.map(storedValue), 'extra'].join(', ')}
from (
  ${judged(from, hasExtras)}
) as judged
where fault = 0`,
    /** The records that break one, with its number. */
    broken: (from: string, hasExtras: boolean): string => `select fault, ${kept.join(', ')}
from (
  ${judged(from, hasExtras)}
) as judged
where fault > 0`,
    /** Of what `broken` gave, in a table: place (from 1), rule, field, value, reason and raw. */
    refused: (table: string): string => refusedSql(faults, table, shape, fields),
  };
}

/** How a value is read: a text as it stands, a number as a double, null where it is of another type. */
function readValue({ column, from, read }: Field): string {
  if (column.type !== 'text')
    return `case json_typeof(${read}) when 'number' then cast(${read} as double precision) end`;
  const digits = from.numbersAsText === true ? ` when 'number' then json_serialize(${read})` : '';
  return `case json_typeof(${read}) when 'string' then cast(${read} as varchar(${LONGEST_TEXT}))${digits} end`;
}

/** How a judged value is stored; zero is never negative. */
function storedValue({ name, column }: Field): string {
  if (column.type === 'text') return columnName(name);
  if (column.type === 'double') return `case when ${name} = 0 then 0 else ${name} end as ${name}`;
  // No cast may fail, whenever the engine comes to it.
  return `case when abs(${name}) <= ${Number.MAX_SAFE_INTEGER} then cast(${name} as ${column.type}) end as ${name}`;
}

const wholeFaults: readonly Fault[] = [
  {
    condition: "record_type <> 'object'",
    rule: 'not_an_object',
    field: null,
    value: 'judged.record',
    reason: `'the record is ' || called || ', not an object'`,
  },
  {
    condition: `extra_bytes > ${LONGEST_TEXT}`,
    rule: 'text_too_long',
    field: null,
    value: null,
    reason: `'the undeclared keys have more than ${LONGEST_TEXT} bytes'`,
  },
];

function missing({ name, from, judged }: Field): Fault[] {
  if (from.required !== true) return [];
  return [
    {
      condition: `coalesce(${name}_type, 'null') = 'null'`,
      rule: 'missing_field',
      field: from.key,
      value: judged,
      reason: `${literal(`${from.key} is `)} || case when type is null then 'missing' else 'null' end`,
    },
  ];
}

function textFaults(field: Field): Fault[] {
  const { name, column, from, judged: value } = field;
  const accepted = from.numbersAsText === true ? "'string', 'number', 'null'" : "'string', 'null'";
  const [rule, condition, reason] = column.values
    ? [
        'not_accepted',
        `${columnName(name)} not in (${column.values.map(literal).join(', ')})`,
        `${literal(`${from.key} is `)} || shown || ${literal(`, not ${column.values.join(' or ')}`)}`,
      ]
    : [
        'text_too_long',
        `octet_length(${columnName(name)}) > ${column.maxBytes ?? LONGEST_TEXT}`,
        `${literal(`${from.key} has `)} || bytes || ${literal(` bytes, more than ${column.maxBytes ?? LONGEST_TEXT}`)}`,
      ];
  return [
    ...missing(field),
    {
      condition: `${name}_type not in (${accepted})`,
      rule: 'wrong_type',
      field: from.key,
      value,
      reason: `${literal(`${from.key} is `)} || called || ', not a text'`,
    },
    { condition, rule, field: from.key, value, reason },
  ];
}

function numberFaults(field: Field, nowMs: number): Fault[] {
  const { name, column, from, judged: value } = field;
  const isWhole = column.type !== 'double';
  const max = from.max ?? (from.maxMsAfterNow === undefined ? undefined : nowMs + from.maxMsAfterNow);
  const outside = [
    `(${name}_type = 'number' and ${name} is null)`,
    ...(isWhole ? [`abs(${name}) > ${Number.MAX_SAFE_INTEGER}`] : []),
    ...(from.min === undefined ? [] : [`${name} < ${from.min}`]),
    ...(max === undefined ? [] : [`${name} > ${max}`]),
  ];
  return [
    ...missing(field),
    {
      condition: `${name}_type not in ('number', 'null')${isWhole ? ` or floor(${name}) <> ${name}` : ''}`,
      rule: 'wrong_type',
      field: from.key,
      value,
      reason: `${literal(`${from.key} is `)} || called || ', not ${isWhole ? 'a whole number' : 'a number'}'`,
    },
    {
      condition: outside.join(' or '),
      rule: 'out_of_range',
      field: from.key,
      value,
      reason: `${literal(`${from.key} is `)} || shown || ${literal(`, ${boundsOf(from.min, max, from.maxMsAfterNow !== undefined)}`)}`,
    },
  ];
}

function boundsOf(min: number | undefined, max: number | undefined, isTime: boolean): string {
  if (isTime && min !== undefined && max !== undefined)
    return `outside ${new Date(min).toISOString()} (${min}) to ${new Date(max).toISOString()} (${max})`;
  if (max !== undefined) return `outside ${min} to ${max}`;
  return min === 0 ? 'not a finite number from 0' : 'beyond what can be stored exactly';
}

function incomplete(table: Table, fields: readonly Field[]): Fault[] {
  const needed = table.requiredWhen;
  if (needed === undefined) return [];
  return needed.columns.map((name) => {
    const field = fields.find((candidate) => candidate.name === name) as Field;
    const empty = field.column.type === 'text' ? ` or ${name} = ''` : '';
    return {
      condition: `${needed.column} = ${literal(needed.equals)} and (${name} is null${empty})`,
      rule: needed.rule,
      field: field.from.key,
      value: field.judged,
      reason: literal(`a ${needed.equals} event without ${field.from.key}`),
      isLack: true,
    };
  });
}

/** Rejects in three steps: what is at fault, how it is shown, and what is said of it. */
function refusedSql(
  faults: readonly Fault[],
  table: string,
  shape: RecordShape,
  fields: readonly Field[],
): string {
  /** By fault, in CASE; faults with the same answer together. */
  const byFault = (answer: (fault: Fault) => string | null): string => {
    const numbers = new Map<string, number[]>();
    for (const [at, fault] of faults.entries()) {
      const text = answer(fault);
      if (text !== null) numbers.set(text, [...(numbers.get(text) ?? []), at + 1]);
    }
    const cases = [...numbers].map(([text, ids]) => `when fault in (${ids.join(', ')}) then ${text}`);
    return `case ${cases.join('\n    ')} end`;
  };
  // The record as it was read, in one line; without LOG_JSONPATH's columns it is complete.
  const raw =
    shape === 'whole'
      ? `case when json_size(judged.record) <= ${LONGEST_TEXT} then json_serialize(judged.record) else '' end`
      : `case when ${fields.map(({ judged: value }) => `coalesce(json_size(${value}), 4)`).join(' + ')} <= ${LONGEST_TEXT - 100} then '[' || ${fields.map(({ judged: value }) => `coalesce(json_serialize(${value}), 'null')`).join(" || ',' || ")} || ']' else '' end`;
  const valueBy = (of: (value: string) => string): string =>
    byFault(({ value }) => (value === null ? null : of(value)));
  const json = valueBy(
    (value) => `case when json_size(${value}) > ${LONGEST_TEXT} then '' else json_serialize(${value}) end`,
  );
  const bytes = byFault(({ rule, value }) =>
    rule === 'text_too_long' && value !== null
      ? `cast(octet_length(cast(${value} as varchar(${LONGEST_TEXT}))) as varchar)`
      : null,
  );
  const lacking = faults.flatMap(({ isLack }, at) => (isLack === true ? [at + 1] : []));
  const shown =
    lacking.length === 0
      ? 'shown'
      : `case when fault in (${lacking.join(', ')}) then coalesce(shown, 'null') else shown end`;
  return `select row_number() over (order by fault, "raw") as place, rule, field, ${shown} as value, reason, "raw"
from (
  select shown, "raw", fault,
    ${byFault(({ rule }) => literal(rule))} as rule,
    ${byFault(({ field }) => (field === null ? null : literal(field)))} as field,
    ${byFault(({ reason }) => reason)} as reason
  from (
    select fault, "raw", type, shown, bytes, ${CALLED} as called
    from (
      select fault, "raw", type, bytes,
        case when length(json) > ${SHOWN_LENGTH} then substring(json, 1, ${SHOWN_LENGTH}) || '…' else json end as shown
      from (
        select fault, ${raw} as "raw",
          ${valueBy((value) => `json_typeof(${value})`)} as type,
          ${json} as json,
          ${bytes} as bytes
        from ${table} as judged
      ) as found
    ) as shortened
  ) as named
) as told`;
}

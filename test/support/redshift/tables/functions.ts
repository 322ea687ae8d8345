import { notEmulated, quoteString } from '../session/cursor.ts';

/** A function of the guide, and what stands for it behind the double. */
export interface KnownFunction {
  readonly least: number;
  readonly most: number;
  readonly kind: 'scalar' | 'aggregate' | 'window';
  /** Of the arguments' SQL. */
  readonly sql: (args: readonly string[]) => string;
  /** Whether the first argument is a date part. */
  readonly part: boolean;
  /** The output column's name where it has no alias. */
  readonly name: string;
}

const known = new Map<string, KnownFunction>();

function add(kind: KnownFunction['kind'], names: string, least: number, most: number, target?: string): void {
  for (const name of names.split(' ')) {
    const to = target ?? name;
    known.set(name, { least, most, kind, part: false, name, sql: (args) => `${to}(${args.join(', ')})` });
  }
}

function own(names: string, least: number, most = least): void {
  for (const name of names.split(' ')) add('scalar', name, least, most, `redshift_double.${name}`);
}

function shaped(name: string, least: number, most: number, sql: KnownFunction['sql'], part = false): void {
  known.set(name, { least, most, kind: 'scalar', part, name, sql });
}

const any = Number.POSITIVE_INFINITY;

// String functions that PostgreSQL has with the same meaning.
add('scalar', 'lower upper ascii initcap reverse quote_ident quote_literal', 1, 1);
add('scalar', 'octet_length', 1, 1);
add('scalar', 'ltrim rtrim btrim', 1, 2);
add('scalar', 'replace translate', 3, 3);
add('scalar', 'strpos repeat left right', 2, 2);
add('scalar', 'substring substr', 2, 3, 'substring');
add('scalar', 'lpad rpad', 2, 3);
add('scalar', 'md5', 1, 1);
add('scalar', 'chr', 1, 1);
add('scalar', 'concat', 2, 2, 'redshift_double.concat');
for (const name of ['len', 'length', 'char_length', 'character_length', 'textlen'])
  add('scalar', name, 1, 1, 'length');
shaped('charindex', 2, 2, ([part, text]) => `strpos(${text}, ${part})`);
add('scalar', 'replicate', 2, 2, 'repeat');
own('split_part', 3);
own('strtol sha2', 2);
own('sha sha1 func_sha1 is_valid_json json_parse can_json_parse json_serialize json_typeof json_size', 1);
own('is_valid_json_array', 1);
own('is_array is_object is_scalar is_varchar is_char is_boolean is_integer is_bigint is_smallint', 1);
own('is_decimal is_float get_array_length', 1);
own('fnv_hash', 1, 2);
own('regexp_count regexp_substr', 2, 4);
own('regexp_replace', 2, 4);
own('regexp_instr', 2, 3);
shaped(
  'json_extract_path_text',
  2,
  7,
  ([json, ...path]) =>
    `redshift_double.json_extract_path_text(${json}, variadic array[${path.join(', ')}]::text[])`,
);

// Numbers.
add(
  'scalar',
  'abs ceil ceiling floor sign sqrt exp ln cbrt degrees radians sin cos tan asin acos atan',
  1,
  1,
);
add('scalar', 'round', 1, 2);
own('trunc', 1, 2);
add('scalar', 'mod power', 2, 2);
add('scalar', 'pow', 2, 2, 'power');
add('scalar', 'atan2', 2, 2);
add('scalar', 'log', 1, 1);
add('scalar', 'pi random', 0, 0);
add('scalar', 'dlog10', 1, 1, 'log');
add('scalar', 'dexp', 1, 1, 'exp');

// Conditions.
add('scalar', 'coalesce greatest least', 1, any);
add('scalar', 'nvl', 2, any, 'coalesce');
add('scalar', 'isnull', 2, 2, 'coalesce');
add('scalar', 'nullif', 2, 2);
shaped(
  'nvl2',
  3,
  3,
  ([test, then, otherwise]) => `case when ${test} is not null then ${then} else ${otherwise} end`,
);
// DECODE takes two NULLs for equal.
shaped('decode', 3, any, ([value, ...rest]) => {
  const parts = [];
  for (let i = 0; i + 1 < rest.length; i += 2)
    parts.push(`when (${value}) is not distinct from (${rest[i]}) then ${rest[i + 1]}`);
  const otherwise = rest.length % 2 === 1 ? ` else ${rest.at(-1)}` : '';
  return `case ${parts.join(' ')}${otherwise} end`;
});

// Dates.
shaped(
  'getdate',
  0,
  0,
  () => "date_trunc('second', statement_timestamp() at time zone current_setting('timezone'))",
);
known.set('sysdate', { ...(known.get('getdate') as KnownFunction), sql: () => 'localtimestamp' });
shaped('dateadd', 3, 3, ([part, count, to]) => `redshift_double.dateadd(${part}, ${count}, ${to})`, true);
known.set('date_add', known.get('dateadd') as KnownFunction);
shaped('datediff', 3, 3, ([part, from, to]) => `redshift_double.datediff(${part}, ${from}, ${to})`, true);
known.set('datediff', { ...(known.get('datediff') as KnownFunction), name: 'date_diff' });
known.set('date_diff', known.get('datediff') as KnownFunction);
shaped('date_part', 2, 2, ([part, of]) => `redshift_double.date_part(${part}, ${of})`, true);
known.set('date_part', { ...(known.get('date_part') as KnownFunction), name: 'pgdate_part' });
shaped('date_trunc', 2, 2, ([part, of]) => `redshift_double.date_trunc(${part}, ${of})`, true);
shaped('last_day', 1, 1, ([of]) => `(date_trunc('month', ${of}) + interval '1 month - 1 day')::date`);
shaped('convert_timezone', 2, 3, (args) => {
  const [from, to, at] = args.length === 3 ? args : ["'UTC'", ...args];
  return `((${at})::timestamp at time zone ${from} at time zone ${to})`;
});
add('scalar', 'to_char to_date', 2, 2);
shaped('to_timestamp', 2, 2, (args) => `to_timestamp(${args.join(', ')})`);
shaped('to_number', 2, 2, (args) => `to_number(${args.join(', ')})`);

// Aggregates and window functions.
add('aggregate', 'count', 1, 1);
add(
  'aggregate',
  'sum min max bool_and bool_or stddev stddev_samp stddev_pop variance var_samp var_pop',
  1,
  1,
);
add('aggregate', 'avg', 1, 1, 'redshift_double.avg');
add('aggregate', 'any_value', 1, 1);
add('aggregate', 'listagg', 1, 2);
add('window', 'row_number rank dense_rank percent_rank cume_dist', 0, 0);
add('window', 'ntile', 1, 1);
add('window', 'lag lead', 1, 2);
add('window', 'first_value last_value', 1, 1);
add('window', 'nth_value', 2, 2);
add('window', 'ratio_to_report', 1, 1);

// The system.
const system: Readonly<Record<string, string>> = {
  version: 'redshift_double.version()',
  current_database: 'current_database()',
  current_schema: 'current_schema()',
  pg_backend_pid: 'pg_backend_pid()',
  pg_last_copy_count: 'redshift_double.pg_last_copy_count()',
  pg_last_copy_id: 'redshift_double.pg_last_copy_id()',
  pg_last_query_id: 'redshift_double.pg_last_query_id()',
  pg_last_unload_count: 'redshift_double.pg_last_unload_count()',
};
for (const [name, sql] of Object.entries(system)) shaped(name, 0, 0, () => sql);
shaped('pg_cancel_backend', 1, 1, ([pid]) => `(pg_cancel_backend(${pid}))::int`);
shaped('pg_terminate_backend', 1, 1, ([pid]) => `(pg_terminate_backend(${pid}))::int`);
own('has_table_privilege has_schema_privilege has_database_privilege', 2, 3);
add('scalar', 'current_setting', 1, 1, 'redshift_double.current_setting');
add('scalar', 'pg_get_userbyid', 1, 1, 'redshift_double.pg_get_userbyid');
add('scalar', 'format_type', 2, 2);

/** Functions that run on the leader node only: not in a statement that touches a user's table. */
export const leaderFunctions: ReadonlySet<string> = new Set(
  `version current_schema pg_cancel_backend pg_terminate_backend has_table_privilege has_schema_privilege has_database_privilege current_setting
  pg_get_userbyid format_type`.split(/\s+/),
);

/** Functions of PostgreSQL that the guide says are not supported, beside those that it does not name. */
export const unsupportedFunctions: ReadonlySet<string> = new Set(
  `string_agg array_agg every xml_agg corr covar_pop covar_samp clock_timestamp justify_days justify_hours
  justify_interval pg_sleep transaction_timestamp div setseed width_bucket generate_series generate_subscripts
  bit_length overlay convert_from convert_to encode format quote_nullable regexp_matches regexp_split_to_array
  regexp_split_to_table pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_advisory_unlock unnest
  nextval currval setval lastval json_agg jsonb_agg json_build_object jsonb_build_object row_to_json to_json
  to_jsonb to_tsvector xmlelement txid_current gen_random_uuid`.split(/\s+/),
);

/** The function of that name, if it is emulated. */
export const knownFunction = (name: string): KnownFunction | undefined => known.get(name);

const parts: Readonly<Record<string, string>> = {
  millennium: 'millennium millennia mil mils',
  century: 'century centuries c cent cents',
  decade: 'decade decades dec decs',
  year: 'year years y yr yrs',
  quarter: 'quarter quarters qtr qtrs',
  month: 'month months mon mons',
  week: 'week weeks w',
  dow: 'dow dayofweek dw weekday',
  doy: 'doy dayofyear dy yearday',
  day: 'day days d',
  hour: 'hour hours h hr hrs',
  minute: 'minute minutes m min mins',
  second: 'second seconds s sec secs',
  milliseconds: 'millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon',
  microseconds: 'microsecond microseconds microsec microsecs microsecond usecond useconds us usec usecs',
  epoch: 'epoch',
};
const partNames = new Map(
  Object.entries(parts).flatMap(([name, all]) => all.split(' ').map((alias) => [alias, name] as const)),
);

/** A date part by any of its documented names, as a string in SQL. */
export function datePart(word: string): string {
  const part = partNames.get(word.toLowerCase());
  if (part === undefined) return notEmulated(`the date part ${word}`);
  return quoteString(part);
}

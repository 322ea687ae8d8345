import { ConfigError } from '../../errors.ts';
import type { Column } from '../../schema/column.ts';
import type { Table } from '../../schema/table.ts';
import type { Dialect } from '../warehouse.ts';

/** How songplays is spread over the slices; null is as its declaration says. */
export type Distribution = 'auto' | 'even' | 'all' | { readonly by: string } | null;

const BYTES_OF_TEXT = 256;

/** Redshift's words; sizes are bytes, and every table says how it is spread, sorted and encoded. */
export function redshiftDialect(
  distribution: Distribution = null,
  starSchema: string | null = null,
): Dialect {
  return {
    type: (column) => typeOf(column),
    functions: {
      // Days and milliseconds of the day apart: each is an INTEGER, which is what DATEADD takes (r_DATEADD_function).
      utc_timestamp: (milliseconds) =>
        `dateadd(ms, cast(mod(${milliseconds}, 86400000) as integer), dateadd(day, cast((${milliseconds}) / 86400000 as integer), timestamp '1970-01-01 00:00:00'))`,
      // Sunday is 0 (r_Dateparts_for_datetime_functions).
      iso_weekday: (moment) => `mod(extract(dow from ${moment}) + 6, 7) + 1`,
      byte_length: (text) => `octet_length(${text})`,
      md5_number: (text) => `strtol(substring(md5(${text}), 1, 7), 16)`,
      ms_of_day: (moment) =>
        `(cast(extract(hour from ${moment}) as bigint) * 3600000 + extract(minute from ${moment}) * 60000 + extract(second from ${moment}) * 1000 + extract(ms from ${moment}))`,
    },
    temporary: (name) => name,
    altersWritten: true,
    starSchema,
    stagesBeforeTransaction: false,
    storage: {
      column: (table, name) => ` encode ${encodingOf(table, name)}`,
      table: (table) => placementOf(table, distribution),
    },
  };
}

function typeOf(column: Column): string {
  if (column.type === 'text') return `varchar(${column.maxBytes ?? BYTES_OF_TEXT})`;
  return column.type === 'double' ? 'double precision' : column.type;
}

/** The first sort column stays as it is, so that complete blocks can be skipped (c_Compression_encodings). */
function encodingOf(table: Table, name: string): string {
  const { type, values } = table.columns[name] as Column;
  if (table.placement.sort[0] === name) return 'raw';
  if (values !== undefined) return 'bytedict';
  return {
    text: 'zstd',
    double: 'zstd',
    boolean: 'zstd',
    integer: 'az64',
    bigint: 'az64',
    timestamp: 'az64',
  }[type];
}

function placementOf({ name, columns, placement }: Table, chosen: Distribution): string {
  const { distribute, sort } = placement;
  const how = name === 'songplays' && chosen !== null ? chosen : distribute;
  if (typeof how === 'object' && !(how.by in columns)) {
    throw new ConfigError(`${name} has no column "${how.by}" to be distributed by.`, {
      hint: `DISTRIBUTION below [REDSHIFT] is auto, even, all or one of ${Object.keys(columns).join(', ')}.`,
    });
  }
  const style = typeof how === 'object' ? `diststyle key distkey(${how.by})` : `diststyle ${how}`;
  return `\n${style}${sort.length === 0 ? '' : `\ncompound sortkey(${sort.join(', ')})`}`;
}

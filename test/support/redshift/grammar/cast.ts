import type { RedshiftType } from '../tables/column-types.ts';
import { type Expression, expression } from './reading.ts';

const converters: Readonly<Record<string, string>> = {
  smallint: 'to_smallint',
  integer: 'to_integer',
  bigint: 'to_bigint',
  decimal: 'to_decimal',
  real: 'to_real',
  'double precision': 'to_double',
  boolean: 'to_boolean',
  date: 'to_date',
  timestamp: 'to_timestamp',
  timestamptz: 'to_timestamptz',
};

/** A cast; the double's own functions know what each type becomes, a SUPER value not least. */
export function castTo({ sql, name }: Expression, type: RedshiftType): Expression {
  const named = name === '?column?' ? type.internal : name;
  const converter = converters[type.kind];
  if (type.kind === 'varchar' || type.kind === 'char') {
    const cut = `redshift_double.to_varchar(${sql}, ${type.length})`;
    return expression(`cast(${cut} as ${type.sql})`, named);
  }
  if (type.kind === 'decimal')
    return expression(`cast(redshift_double.to_decimal(${sql}) as ${type.sql})`, named);
  if (converter !== undefined) return expression(`redshift_double.${converter}(${sql})`, named);
  return expression(`cast(${sql} as ${type.sql})`, named);
}

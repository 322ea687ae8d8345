import type { Dialect } from '../warehouse.ts';

/** PostgreSQL's words; `starSchema` is null where the search path decides. */
export function postgresDialect(starSchema: string | null = null): Dialect {
  return { ...words, starSchema };
}

const words: Omit<Dialect, 'starSchema'> = {
  type({ type }) {
    // Compared byte by byte, as the other engines do; the database's own collation orders texts in other ways.
    if (type === 'text') return 'text collate "C"';
    return type === 'double' ? 'double precision' : type;
  },
  functions: {
    utc_timestamp: (milliseconds) =>
      `(timestamp '1970-01-01' + (${milliseconds}) * interval '1 millisecond')`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `octet_length(${text})`,
    md5_number: (text) => `cast(cast('x' || substr(md5(${text}), 1, 7) as bit(28)) as bigint)`,
    ms_of_day: (moment) => `cast(extract(epoch from cast(${moment} as time)) * 1000 as bigint)`,
  },
  temporary: (name) => `pg_temp.${name}`,
  altersWritten: true,
  stagesBeforeTransaction: false,
};

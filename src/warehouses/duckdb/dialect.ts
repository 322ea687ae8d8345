import type { Dialect } from '../warehouse.ts';

export const duckdbDialect: Dialect = {
  type: ({ type }) => (type === 'text' ? 'varchar' : type),
  functions: {
    utc_timestamp: (milliseconds) => `cast(epoch_ms(${milliseconds}) as timestamp)`,
    iso_weekday: (moment) => `extract(isodow from ${moment})`,
    byte_length: (text) => `strlen(${text})`,
    md5_number: (text) => `cast('0x' || substr(md5(${text}), 1, 7) as bigint)`,
    ms_of_day: (moment) => `(epoch_ms(${moment}) % 86400000)`,
  },
  temporary: (name) => `temp.${name}`,
  // The commit fails then: "another transaction has altered this table".
  altersWritten: false,
  starSchema: null,
  stagesBeforeTransaction: true,
};

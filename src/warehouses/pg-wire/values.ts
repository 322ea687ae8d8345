import pg from 'pg';

const { builtins } = pg.types;

/** Values as warehouses give them: whole numbers as numbers, times as Date in UTC, all else as text. */
export function getTypeParser(oid: number): (text: string) => unknown {
  switch (oid) {
    case builtins.BOOL:
      return (text) => text === 't';
    case builtins.INT2:
    case builtins.INT4:
    case builtins.FLOAT4:
    case builtins.FLOAT8:
      return Number;
    case builtins.INT8:
    case builtins.NUMERIC:
      return (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
    case builtins.TIMESTAMP:
      return (text) => timestamp(`${text.replace(' ', 'T')}Z`, text);
    case builtins.TIMESTAMPTZ:
      return (text) => timestamp(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'), text);
    default:
      return (text) => text;
  }
}

/** A Date, or the text itself where a Date cannot hold it: infinity, years of five digits, years before Christ. */
function timestamp(iso: string, text: string): Date | string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? text : date;
}

/** A timestamp as PostgreSQL's timestamp without zone, in UTC. */
export function utcText(date: Date): string {
  return date.toISOString().slice(0, -1).replace('T', ' ');
}

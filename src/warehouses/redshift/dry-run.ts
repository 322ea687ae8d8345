import { qualifiedName } from '../../schema/table.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import type { LeaseOptions } from '../lease.ts';
import { utcText } from '../pg-wire/values.ts';
import { literal } from '../sql.ts';
import type { SqlRow, SqlValue, Warehouse } from '../warehouse.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftSessions,
  sessionSettings,
} from './connection.ts';
import { stagingOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';
import type { StagingArea } from './staging-prefix.ts';
import { redshiftWarehouse } from './writer.ts';

/** What a load would do: its statements, and the objects that it would put on the staging prefix before them. */
export interface Rehearsal {
  readonly warehouse: Warehouse;
  readonly statements: readonly string[];
  readonly objects: readonly { readonly address: string; readonly text: string }[];
}

/**
 * A warehouse that only writes down what a load would ask of the cluster. What stands there is read for real, in a session
 * that changes nothing; what a load would learn on its way is answered so that no statement is left out that may be needed.
 */
export async function rehearseRedshift(
  server: RedshiftServer,
  lease: LeaseOptions,
  s3: S3Options,
): Promise<Rehearsal> {
  const sessions = redshiftSessions(server, lease.nowMs);
  const reader = await sessions.open('dry run');
  const script: Script = { statements: [...sessionSettings(server)], objects: [], carried: 0 };
  const recording: RedshiftSessions = {
    open: async (purpose) =>
      purpose === lease.command ? recorder(reader, script) : recorder(null, { ...script, statements: [] }),
    close() {
      void reader.close();
      sessions.close();
    },
  };
  const staging = imaginedStaging(stagingOf(server, s3), `${server.stagingPlace}/dry-run`, script);
  const warehouse = await redshiftWarehouse(server, lease, s3, recording, staging);
  return { ...script, warehouse: { ...warehouse, ...withoutFiles(warehouse) } };
}

/** Rows enough to be carried as many are. */
const MANY_ROWS = 1_000;

/** Reading that opens no file: of what is in them nothing is known, and what a load would sum up of it is not kept. */
function withoutFiles({ append, engineReads }: Warehouse): Partial<Warehouse> {
  if (engineReads === undefined) return {};
  return {
    append: (table, rows) =>
      append(
        table,
        qualifiedName(table) === 'ops.runs' ? rows.map((row) => ({ ...row, report: '{}' })) : rows,
      ),
    engineReads: {
      ...engineReads,
      accepts: () => true,
      async read(units) {
        for (const unit of units) {
          const isUnseen = unit.files.some(({ lines }) => lines === null);
          if (isUnseen) await engineReads.read([unit]);
        }
        const [carried] = units.filter(({ files }) => files.every(({ lines }) => lines !== null));
        if (carried !== undefined)
          await append(
            carried.table,
            Array.from({ length: MANY_ROWS }, () => ({})),
          );
        return units.map(({ fileId }) => ({ fileId, staged: 0, rejected: 0, leftover: [], drift: [] }));
      },
    },
  };
}

/** What is written down. */
interface Script {
  readonly statements: string[];
  readonly objects: { readonly address: string; readonly text: string }[];
  /** Rows that this program would carry in the COPY that comes next. */
  carried: number;
}

/** A session that asks the reader outside a transaction, if there is one, and writes down everything else. */
function recorder(reader: RedshiftConnection | null, script: Script): RedshiftConnection {
  let inTransaction = false;
  const temporary = new Set<string>();
  const write = (sql: string, parameters: readonly SqlValue[] = []): void => {
    script.statements.push(withValues(sql, parameters));
  };
  return {
    pid: 0,
    temporary,
    async rows(sql, parameters) {
      const isStanding =
        /^select count\(\*\) as records from \w+(\.\w+)?$/.test(sql) && !sql.includes(' from read_');
      if (reader !== null && (isStanding || !(inTransaction || isOfCopy(sql)))) {
        // Before the first load there is nothing to be asked.
        const found = await reader.rows(sql, parameters).catch(() => null);
        return found ?? (isStanding ? [{ records: 0 }] : []);
      }
      write(sql, parameters);
      return imaginedAnswer(sql, script);
    },
    async run(sql, parameters) {
      const dropped = /^drop table if exists (\w+)$/.exec(sql)?.[1];
      if (dropped !== undefined && !temporary.delete(dropped)) return 0;
      const made = /^create temporary table (\w+)/.exec(sql)?.[1];
      if (made !== undefined) temporary.add(made);
      if (sql === 'begin') inTransaction = true;
      if (sql === 'rollback') inTransaction = false;
      write(sql, parameters);
      return /^insert into ops\.rejects/.test(sql) ? 1 : 0;
    },
    async commit() {
      write('commit');
      inTransaction = false;
    },
    close: async () => {},
  };
}

/** Of temporary staging, which is not there. */
function isOfCopy(sql: string): boolean {
  return sql.includes('pg_last_copy_') || sql.includes(' from read_');
}

/** What a load would learn, so that it goes every way: one record that is refused, one row in every table that decides. */
function imaginedAnswer(sql: string, { objects, carried }: Script): SqlRow[] {
  const answers: readonly [RegExp, SqlRow][] = [
    [/^select pg_last_copy_count\(\) as records, pg_last_copy_id/, { records: 1, query_id: 0 }],
    [/^select pg_last_copy_count\(\)/, { records: carried }],
    [/as records from read_records_\d+$/, { records: 1 }],
    [/as keys from contested/, { keys: 1 }],
    [/from touched_keys\) as songs/, { songs: 1, first_ts: null, last_ts: null }],
    [/as earliest from touched_users/, { earliest: 0 }],
    [/\) as gone,/, { gone: 1, fresh: 1, updated: 0, standing: 1, built: 1 }],
    [/as failures from/, { failures: 0 }],
    [/from sys_load_history/, { loaded_rows: 1, error_count: 0, source_file_count: entriesIn(objects) }],
  ];
  const found = answers.find(([pattern]) => pattern.test(sql));
  return found === undefined ? [] : [found[1]];
}

/** Objects that the last manifest names. */
function entriesIn(objects: Script['objects']): number {
  const manifest = objects.findLast(({ address }) => address.endsWith('.manifest'));
  return (JSON.parse(manifest?.text ?? '{"entries":[]}') as { entries: unknown[] }).entries.length;
}

/** Takes what would be put on the staging prefix; of rows, only how many there are. */
function imaginedStaging(area: StagingArea, root: string, script: Script): StagingArea {
  return {
    async put(name, text) {
      script.objects.push({ address: `${root}/${name}`, text });
      return `${root}/${name}`;
    },
    parts(table) {
      let rows = 0;
      return {
        get rows() {
          return rows;
        },
        async write(some) {
          rows += some.length;
        },
        async end() {
          script.carried = rows;
          return [{ path: `${root}/${table.name}-0001.json.gz`, bytes: 0 }];
        },
      };
    },
    clear: async () => {},
    removeLeftovers: async () => {},
    read: area.read,
    close: area.close,
  };
}

/** A statement with its values in it, to be read or run by hand. */
function withValues(sql: string, parameters: readonly SqlValue[]): string {
  return sql.replaceAll(/\$(\d+)/g, (_, nth: string) => valueText(parameters[Number(nth) - 1] ?? null));
}

function valueText(value: SqlValue): string {
  if (value === null) return 'null';
  if (value instanceof Date) return literal(utcText(value));
  // In a literal of Redshift's, a backslash escapes what follows it.
  return typeof value === 'string' ? literal(value.replaceAll('\\', '\\\\')) : String(value);
}

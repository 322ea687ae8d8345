import { qualifiedName } from '../../schema/table.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import type { LeaseOptions } from '../lease.ts';
import { utcText } from '../pg-wire/values.ts';
import { literal } from '../sql.ts';
import type { SqlRow, SqlValue, Statement } from '../statement.ts';
import type { Warehouse } from '../warehouse.ts';
import {
  type RedshiftConnection,
  type RedshiftSessions,
  redshiftName,
  redshiftSessions,
  sessionSettings,
} from './connection.ts';
import { accessOf, stagingOf } from './s3-access.ts';
import type { RedshiftServer } from './server.ts';
import type { StagingArea } from './staging-prefix.ts';
import { temporaryTables } from './temporary-tables.ts';
import { redshiftWarehouse } from './writer.ts';

/** What a load would do: its statements, with their values in them, and the objects that it would put on the staging prefix before them. */
export interface DryRun {
  readonly warehouse: Warehouse;
  readonly statements: readonly { readonly name: string; readonly sql: string }[];
  readonly objects: readonly { readonly address: string; readonly text: string }[];
}

/**
 * A warehouse that only writes down what a load would ask of the cluster. What stands there is read for real, in a session
 * that changes nothing; what a load would learn on its way, each statement says itself (`whenDryRun`), so that no
 * statement is left out that may be needed.
 */
export async function dryRunRedshift(
  server: RedshiftServer,
  lease: LeaseOptions,
  s3: S3Options,
): Promise<DryRun> {
  const sessions = redshiftSessions(server, lease.nowMs, lease.signal);
  const reader = await sessions.open('dry run');
  const script: Script = { statements: [...sessionSettings(server)], objects: [] };
  const recording: RedshiftSessions = {
    open: async (purpose) =>
      purpose === lease.command ? recorder(reader, script.statements) : recorder(null, []),
    close() {
      void reader.close();
      sessions.close();
    },
  };
  const staging = imaginedStaging(stagingOf(server, s3), `${server.stagingPlace}/dry-run`, script);
  const on = { name: redshiftName(server), server, lease, sessions: recording, staging };
  const warehouse = await redshiftWarehouse(on, () => accessOf(server, s3));
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
      opens: 'nothing',
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
  readonly statements: { readonly name: string; readonly sql: string }[];
  readonly objects: { readonly address: string; readonly text: string }[];
}

/** A session that asks the reader, if there is one, what stands, and writes down everything else. */
function recorder(reader: RedshiftConnection | null, statements: Script['statements']): RedshiftConnection {
  let inTransaction = false;
  const temporary = temporaryTables();
  const write = ({ name, sql, parameters = [] }: Statement): void => {
    statements.push({ name, sql: withValues(sql, parameters) });
  };
  return {
    pid: 0,
    temporary,
    async rows(statement): Promise<SqlRow[]> {
      const { whenDryRun = inTransaction ? [] : 'ask' } = statement;
      // Before the first load there is nothing to be asked.
      if (whenDryRun === 'ask' && reader !== null) return reader.rows(statement).catch(() => []);
      write(statement);
      return typeof whenDryRun === 'object' ? [...whenDryRun] : [];
    },
    async run(statement) {
      if (temporary.dropsOther(statement)) return 0;
      temporary.note(statement);
      write(statement);
      return typeof statement.whenDryRun === 'number' ? statement.whenDryRun : 0;
    },
    async begin() {
      inTransaction = true;
      write({ name: 'begin', sql: 'begin' });
    },
    async commit() {
      write({ name: 'commit', sql: 'commit' });
      inTransaction = false;
    },
    async rollback() {
      write({ name: 'rollback', sql: 'rollback' });
      inTransaction = false;
    },
    close: async () => {},
  };
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

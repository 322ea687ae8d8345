import { ServerError } from '../copy/copy-session.ts';
import { tableNameSql } from '../grammar/from.ts';
import type { TableName } from '../grammar/reading.ts';
import type { World } from '../world.ts';
import type { Backend } from './backend.ts';
import { quoteString } from './cursor.ts';
import type { Plan } from './plan.ts';

const regclass = (table: TableName): string => `${quoteString(tableNameSql(table))}::regclass`;

/**
 * Writers of one table wait for each other. With snapshot isolation a writer whose snapshot is older than
 * another's commit to the table conflicts; the serializable kind leaves that to PostgreSQL, whose predicate
 * locks cover whole tables here, because no table has an index.
 */
export async function beforeWriting(backend: Backend, world: World, plan: Plan): Promise<void> {
  const { writes, realTables } = plan;
  if (writes.length > 0) {
    const names = writes.map(tableNameSql).join(', ');
    await backend.query(`lock table ${names} in share row exclusive mode`);
  }
  const calls = realTables.map((table) => `call redshift_double.must_be_table(${regclass(table)})`);
  if (world.isolation === 'snapshot')
    calls.push(...writes.map((table) => `call redshift_double.write(${regclass(table)})`));
  if (calls.length > 0) await backend.query(calls.join('; '));
}

/** PostgreSQL's refusals, as Redshift words them. */
export function worded(error: ServerError, world: World, pid: number): ServerError {
  const { code, message, detail, hint } = error;
  if (code === '40001') return conflict(world, pid);
  if (code === '57014' && message.includes('user request'))
    return new ServerError(code, `Query (${pid}) cancelled on user's request`);
  if (code === '21000' && message.startsWith('MERGE'))
    return new ServerError('XX000', 'Found multiple matches to update the same tuple.');
  return new ServerError(code, message.replaceAll('redshift_double.', ''), detail, hint);
}

function conflict(world: World, pid: number): ServerError {
  if (world.isolation === 'snapshot')
    return new ServerError('XX000', 'could not complete because of conflict with concurrent transaction');
  const transaction = world.nextTransaction();
  const cycle = `${transaction}, ${transaction + 1} (pid:${pid})`;
  return new ServerError(
    'XX000',
    '1023',
    `Serializable isolation violation on table - ${100000 + transaction}, transactions forming the cycle are: ${cycle}`,
  );
}

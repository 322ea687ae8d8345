import { ServerError } from '../copy/copy-session.ts';
import { copyInto, unloadFrom } from '../copy/copying.ts';
import { refuseBlock } from '../tables/ddl.ts';
import type { World } from '../world.ts';
import type { Backend } from './backend.ts';
import type { Plan, Work } from './plan.ts';
import { beforeWriting } from './transaction.ts';

/** What a statement is carried out with. */
export interface Carrying {
  readonly backend: Backend;
  readonly world: World;
  readonly user: string;
  readonly userId: number;
  readonly settings: ReadonlyMap<string, string>;
  notice(text: string): void;
  remember(setting: string, value: string): void;
}

/** Carries a plan out; the command tag, or null where it is the one that was sent on. */
export async function carryOut(
  session: Carrying,
  plan: Plan,
  sql: string,
  forward: () => Promise<void>,
): Promise<string | null> {
  const { backend } = session;
  const inBlock = backend.status !== 'I';
  checkPlace(plan, inBlock);
  switch (plan.kind) {
    case 'begin':
      if (!inBlock) await backend.query(plan.sql ?? '');
      return plan.tag;
    case 'commit': {
      const failed = backend.status === 'E';
      if (inBlock) await backend.query('commit');
      return failed ? 'ROLLBACK' : plan.tag;
    }
    case 'rollback':
      if (inBlock) await backend.query('rollback');
      return plan.tag;
    case 'set':
      await backend.query(plan.sql ?? '');
      return plan.tag;
    case 'rows':
      await forward();
      return null;
  }
  return inTransaction(session, plan, inBlock, () => carryWithin(session, plan, sql, forward));
}

function checkPlace(plan: Plan, inBlock: boolean): void {
  const what = plan.tag ?? '';
  if (plan.block === 'outside' && inBlock) throw refuseBlock(what);
  if (plan.block === 'inside' && !inBlock)
    throw new ServerError('25P01', `${what} may only be used in begin/end transaction blocks`);
}

/** A statement outside a block is a transaction of its own. */
async function inTransaction<T>(
  { backend }: Carrying,
  plan: Plan,
  inBlock: boolean,
  work: () => Promise<T>,
): Promise<T> {
  if (!inBlock) await backend.query('begin');
  try {
    const result = await work();
    if (!inBlock || plan.block === 'ends') await backend.query('commit');
    return result;
  } catch (error) {
    if (!inBlock && backend.status !== 'I') await backend.query('rollback');
    throw error;
  }
}

async function carryWithin(
  session: Carrying,
  plan: Plan,
  sql: string,
  forward: () => Promise<void>,
): Promise<string | null> {
  const { backend, world } = session;
  if (plan.kind === 'copy') return backend.whileWorking(() => copyInto(session, sql));
  if (plan.kind === 'unload') return backend.whileWorking(() => unloadFrom(session, sql));
  await beforeWriting(backend, world, plan);
  if (plan.run === null) {
    await forward();
    return null;
  }
  const work: Work = {
    query: (text) => backend.query(text),
    notice: (text) => session.notice(text),
    remember: (setting, value) => session.remember(setting, value),
  };
  await plan.run(work);
  return plan.tag;
}

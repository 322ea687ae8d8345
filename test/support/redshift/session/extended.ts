import { ServerError } from '../copy/copy-session.ts';
import type { Plan } from './plan.ts';
import { Results } from './results.ts';
import type { Session } from './session.ts';
import { encode, type Message, message, readString } from './wire.ts';

/** A statement that was parsed; `plan` is null where there was nothing but blanks. */
interface Prepared {
  readonly sql: string;
  readonly plan: Plan | null;
}

/** Whether PostgreSQL gets the statement, or the double runs it. */
const isSentOn = ({ plan }: Prepared): boolean =>
  plan === null || plan.kind === 'rows' || (plan.kind === 'count' && plan.run === null);

/** Parse, Bind, Describe, Execute, Close, Flush and Sync. */
export class ExtendedProtocol {
  private readonly session: Session;
  private readonly statements = new Map<string, Prepared>();
  private readonly portals = new Map<string, Prepared>();
  private queue: Message[] = [];
  private failed = false;
  /** A query that a Flush has begun; it ends with the next Sync. */
  private flushed: Promise<void> | null = null;

  constructor(session: Session) {
    this.session = session;
  }

  async answer(found: Message): Promise<void> {
    if (found.type === 'S') return this.sync();
    if (this.failed) return;
    try {
      if (found.type === 'P') await this.parse(found);
      else if (found.type === 'B') this.bind(found);
      else if (found.type === 'H') await this.flush();
      else if (!'DEC'.includes(found.type))
        throw new ServerError('08P01', `invalid frontend message type ${found.type}`);
      else this.queue.push(found);
    } catch (error) {
      this.failed = true;
      await this.session.fail(error);
    }
  }

  private async parse({ body }: Message): Promise<void> {
    const name = readString(body, 0);
    const { text: sql, end } = readString(body, name.end);
    let plan: Plan | null;
    try {
      plan = this.session.read(sql);
    } catch (error) {
      this.session.world.statements.push(sql);
      throw error;
    }
    const prepared = { sql, plan };
    this.statements.set(name.text, prepared);
    const sentOn = isSentOn(prepared) ? (plan?.sql ?? '') : '';
    this.queue.push({ type: 'P', body: message('', name.text, sentOn, body.subarray(end)).subarray(4) });
  }

  private bind(found: Message): void {
    const portal = readString(found.body, 0);
    const statement = readString(found.body, portal.end);
    const prepared = this.statements.get(statement.text);
    if (prepared === undefined)
      throw new ServerError('26000', `prepared statement "${statement.text}" does not exist`);
    const parameters = countsParameters(found.body, statement.end);
    if (parameters > 32_767) throw new ServerError('0A000', 'not emulated: more than 32767 parameters');
    if (!isSentOn(prepared) && parameters > 0)
      throw new ServerError('0A000', 'a statement of this kind takes no parameters');
    this.portals.set(portal.text, prepared);
    this.queue.push(found);
  }

  private async sync(): Promise<void> {
    const { session } = this;
    const queue = this.queue.splice(0);
    const failed = this.failed;
    this.failed = false;
    if (this.flushed !== null) {
      session.backend.send(Buffer.concat([...queue.map(encode), message('S')]));
      await this.flushed;
      this.flushed = null;
    } else if (!failed && queue.length > 0) {
      try {
        await this.runQueue(queue);
      } catch (error) {
        await session.fail(error);
      }
    }
    if (!session.isCut) session.ready();
  }

  /** Lets the server begin to answer before the Sync, as readers by portions want it. */
  private async flush(): Promise<void> {
    const { session } = this;
    const queue = this.queue.splice(0);
    const bytes = Buffer.concat([...queue.map(encode), message('H')]);
    if (this.flushed !== null) return session.backend.send(bytes);
    const bind = queue.find(({ type }) => type === 'B');
    const prepared = bind === undefined ? undefined : this.portals.get(readString(bind.body, 0).text);
    if (prepared !== undefined && prepared.plan?.kind !== 'rows')
      throw new ServerError('0A000', 'not emulated: a Flush, except of a query');
    if (prepared !== undefined) await session.meet(prepared.sql);
    if (session.isCut) return;
    const results = new Results(prepared?.plan?.tag ?? null, (sent) => session.send(sent));
    results.live = (error) => {
      if (error !== null) session.report(error);
      else if (results.complete !== null) session.send(results.complete);
    };
    this.flushed = session.backend.relay(bytes, results.take);
    this.flushed.catch(() => {});
  }

  private async runQueue(queue: readonly Message[]): Promise<void> {
    const { session } = this;
    const executes = queue.filter(({ type }) => type === 'E');
    if (executes.length > 1)
      throw new ServerError('0A000', 'not emulated: more than one Execute before Sync');
    const [execute] = executes;
    const prepared = execute === undefined ? undefined : this.portals.get(readString(execute.body, 0).text);
    if (prepared !== undefined) await session.meet(prepared.sql);
    if (session.isCut) return;
    const sentOn = Buffer.concat([...queue.map(encode), message('S')]);
    if (prepared?.plan == null || isSentOn(prepared)) {
      const relay = (onMessage: (found: Message) => void) => session.backend.relay(sentOn, onMessage);
      if (prepared?.plan == null) await this.relayOnly(relay);
      else await session.execute(prepared.plan, prepared.sql, relay);
      return;
    }
    for (const { type } of queue) {
      if (type === 'P') session.send(message('1'));
      if (type === 'B') session.send(message('2'));
      if (type === 'C') session.send(message('3'));
      if (type === 'D') session.send(message('n'));
      if (type === 'E') await session.execute(prepared.plan, prepared.sql, async () => {});
    }
  }

  /** Parses and describes, without running anything. */
  private async relayOnly(relay: (onMessage: (found: Message) => void) => Promise<void>): Promise<void> {
    const results = new Results(null, (bytes) => this.session.send(bytes));
    await relay(results.take);
    if (results.error !== null) throw results.error;
    if (results.complete !== null) this.session.send(results.complete);
  }
}

/** How many values a Bind brings; `at` is after the names. */
function countsParameters(body: Buffer, at: number): number {
  const formats = body.readUInt16BE(at);
  return body.readUInt16BE(at + 2 + 2 * formats);
}

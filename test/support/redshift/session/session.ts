import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../copy/copy-session.ts';
import { readStatement } from '../grammar/statement.ts';
import type { World } from '../world.ts';
import type { Backend } from './backend.ts';
import { type Carrying, carryOut } from './carrying-out.ts';
import { ExtendedProtocol } from './extended.ts';
import type { Front } from './front.ts';
import type { Plan } from './plan.ts';
import { Results } from './results.ts';
import { initialSettings } from './settings.ts';
import { worded } from './transaction.ts';
import { errorMessage, type Message, message, noticeMessage, readString } from './wire.ts';

/** A fault of the double's own is told as such: a test that meets it should fail legibly. */
export const failure = (error: unknown): ServerError =>
  new ServerError('XX000', `the double failed: ${error instanceof Error ? error.stack : error}`);

const largest = 16 * 1024 * 1024;

/** A client's session with its backend. */
export class Session implements Carrying {
  readonly settings = initialSettings();
  readonly user: string;
  readonly world: World;
  readonly backend: Backend;
  readonly userId: number;
  private readonly front: Front;
  private readonly extended: ExtendedProtocol;
  private cutAfter = false;

  constructor(front: Front, backend: Backend, world: World, user: string, userId: number) {
    this.front = front;
    this.backend = backend;
    this.world = world;
    this.user = user;
    this.userId = userId;
    this.extended = new ExtendedProtocol(this);
  }

  /** Answers until the client leaves. */
  async run(): Promise<void> {
    for (;;) {
      const found = await this.front.next();
      if (found === null || found.type === 'X') return;
      await this.answer(found);
      if (this.cutAfter) return this.front.cut();
    }
  }

  private async answer(found: Message): Promise<void> {
    if (found.type !== 'Q') return this.extended.answer(found);
    const sql = readString(found.body, 0).text;
    try {
      await this.meet(sql);
      if (this.isCut) return;
      const plan = this.read(sql);
      if (plan === null) this.send(message('I'));
      else
        await this.execute(plan, sql, (onMessage) =>
          this.backend.relay(message('Q', plan.sql ?? ''), onMessage),
        );
    } catch (error) {
      await this.fail(error);
    }
    this.ready();
  }

  /** The statement's plan; null where there is nothing but blanks. */
  read(sql: string): Plan | null {
    if (/^[\s;]*$/.test(sql)) return null;
    const size = Buffer.byteLength(sql);
    if (size > largest)
      throw new ServerError(
        '54000',
        `Statement is too large. Statement Size: ${size} bytes. Maximum Allowed: ${largest} bytes`,
      );
    return readStatement(sql, this);
  }

  /** Notes a statement and meets the fault that awaits it. */
  async meet(sql: string): Promise<void> {
    this.world.statements.push(sql);
    const fault = this.world.faults.find(sql, { pid: this.backend.pid, user: this.user });
    if (fault?.kind === 'drop' && fault.when === 'before') this.front.cut();
    else if (fault?.kind === 'drop' && fault.when === 'during') setTimeout(() => this.front.cut(), fault.ms);
    else if (fault?.kind === 'drop') {
      this.front.muted = true;
      this.cutAfter = true;
    } else if (fault?.kind === 'stall') await Promise.race([delay(fault.ms), this.front.closed]);
    else if (fault?.kind === 'pause') await Promise.race([fault.until, this.front.closed]);
    else if (fault?.kind === 'error') throw new ServerError(fault.code, fault.message, fault.detail ?? null);
  }

  /** Whether the connection was cut before the statement could be seen. */
  get isCut(): boolean {
    return this.front.gone || (this.front.muted && !this.cutAfter);
  }

  async execute(
    plan: Plan,
    sql: string,
    relay: (onMessage: (found: Message) => void) => Promise<void>,
  ): Promise<void> {
    if (this.backend.status === 'E' && plan.kind !== 'rollback' && plan.kind !== 'commit')
      throw new ServerError(
        '25P02',
        'current transaction is aborted, commands ignored until end of transaction block',
      );
    const results = new Results(plan.tag, (bytes) => this.send(bytes));
    const forward = async () => {
      await relay(results.take);
      if (results.error !== null) throw results.error;
    };
    const tag = await carryOut(this, plan, sql, forward);
    this.send(tag === null ? (results.complete ?? message('C', plan.tag ?? '')) : message('C', tag));
  }

  /** Tells the client of an error; the transaction is aborted, whoever found the error. */
  async fail(error: unknown): Promise<void> {
    if (!(error instanceof ServerError)) return this.fail(failure(error));
    if (this.backend.status === 'T') await this.backend.relay(message('Q', 'abort on purpose'), () => {});
    this.report(error);
  }

  report(error: ServerError): void {
    this.send(errorMessage(worded(error, this.world, this.backend.pid)));
  }

  ready(): void {
    this.send(message('Z', Buffer.from(this.backend.status)));
  }

  notice(text: string): void {
    this.send(noticeMessage(text));
  }

  remember(setting: string, value: string): void {
    this.settings.set(setting, value);
  }

  send(bytes: Buffer): void {
    this.front.send(bytes);
  }
}

import type { BackendResult, ObjectStore } from './copy/copy-session.ts';
import type { FaultDesk } from './faults.ts';
import type { Backend, PostgresAddress } from './session/backend.ts';

/** Someone who may connect. */
export interface Login {
  readonly password: string;
  /** IAM credentials expire. */
  readonly validUntil?: Date;
}

/** What the sessions of a double share. */
export interface World {
  readonly postgres: PostgresAddress;
  readonly isolation: 'snapshot' | 'serializable';
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly logins: Record<string, Login>;
  readonly faults: FaultDesk;
  readonly statements: string[];
  readonly open: (roleArn: string) => ObjectStore;
  /** Runs SQL on a connection that commits by itself. */
  outside(sql: string): Promise<BackendResult>;
  /** The backends of the sessions that are there, by their own process and secret. */
  readonly backends: Map<string, Backend>;
  /** The processes of all sessions, of those that are gone too. */
  readonly pids: number[];
  /** Counts transactions, for the words of a violation. */
  nextTransaction(): number;
}

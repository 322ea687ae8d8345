/** What goes wrong with a statement. */
type Fault =
  /** The connection is cut before the statement is seen, or after it was carried out. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  /** It is cut so long after the statement began; what is not committed by then is lost. */
  | { readonly kind: 'drop'; readonly when: 'during'; readonly ms: number }
  /** Sent instead of running; the transaction is aborted. */
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly detail?: string }
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'pause'; readonly until: Promise<unknown> };

/** Which session a statement came from. */
interface FaultySession {
  readonly pid: number;
  readonly user: string;
}

/** `nth` counts, from 1 and over all sessions, the statements that begin with the same word. */
type FaultHandler = (statement: string, nth: number, session: FaultySession) => Fault | null;

/** Makes statements fail on demand. */
export interface Faults {
  /** Asks the handler for every statement; the function that takes it away. */
  on(handler: FaultHandler): () => void;
  /** Takes every handler away; counting begins anew. */
  clear(): void;
}

/** The faults as sessions see them. */
export interface FaultDesk extends Faults {
  find(statement: string, session: FaultySession): Fault | null;
}

/** Keeps the handlers and counts the statements. */
export function faultDesk(): FaultDesk {
  const handlers = new Set<FaultHandler>();
  const counts = new Map<string, number>();
  return {
    on(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    clear() {
      handlers.clear();
      counts.clear();
    },
    find(statement, session) {
      const word = /[a-z]+/i.exec(statement)?.[0].toLowerCase() ?? '';
      const nth = (counts.get(word) ?? 0) + 1;
      counts.set(word, nth);
      for (const handler of handlers) {
        const fault = handler(statement, nth, session);
        if (fault !== null) return fault;
      }
      return null;
    },
  };
}

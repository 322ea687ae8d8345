import type { Statement } from '../statement.ts';

/**
 * The temporary tables that a session made. One of them hides a user's table of the same name, and Redshift has no sure
 * name for it alone: so a DROP TABLE IF EXISTS of any other is not sent.
 */
export interface TemporaryTables {
  has(name: string): boolean;
  /** Whether a statement drops a table that this session did not make. */
  dropsOther(statement: Statement): boolean;
  /** Takes note of a statement that was carried out. */
  note(statement: Statement): void;
  /** The state of now, to be restored where a transaction is rolled back. */
  save(): () => void;
}

/** None yet. */
export function temporaryTables(): TemporaryTables {
  let names: ReadonlySet<string> = new Set();
  return {
    has: (name) => names.has(name),
    dropsOther: ({ temporary }) =>
      temporary !== undefined && 'drops' in temporary && !names.has(temporary.drops),
    note({ temporary }) {
      if (temporary === undefined) return;
      if ('makes' in temporary) names = new Set([...names, temporary.makes]);
      else names = new Set([...names].filter((name) => name !== temporary.drops));
    },
    save() {
      const before = names;
      return () => {
        names = before;
      };
    },
  };
}

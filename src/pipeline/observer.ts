/** What a load tells while it works; the terminal draws it, tests ignore it. */
export interface Observer {
  /** A step begins; `total` is in `unit`, or null where it cannot be known. */
  step(name: string, total: number | null, unit: 'bytes' | 'checks' | 'events' | 'tables'): void;
  advance(amount: number): void;
  /** What follows is the commit: from here on a signal comes too late. */
  committing(): void;
  /** Something that the user should know, once. */
  note(message: string): void;
}

export const silent: Observer = { step() {}, advance() {}, committing() {}, note() {} };

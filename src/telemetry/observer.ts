type StepUnit = 'bytes' | 'checks' | 'events' | 'files' | 'tables';

/** What a load tells while it works; the terminal draws it, tests ignore it. */
export interface Observer {
  /** A step begins; `total` is in `unit`, or null where it cannot be known; so many files, where it is of files. */
  step(name: string, total: number | null, unit: StepUnit, files?: number): void;
  advance(amount: number): void;
  /** One file of the step is done. */
  fileDone(): void;
  /** What follows is the commit: from here on a signal comes too late. */
  committing(): void;
  /** Something that the user should know, once. */
  note(message: string): void;
}

export const silent: Observer = { step() {}, advance() {}, fileDone() {}, committing() {}, note() {} };

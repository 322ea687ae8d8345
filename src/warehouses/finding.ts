/** One thing that was looked at before a load. */
export interface Finding {
  readonly what: string;
  readonly status: 'good' | 'note' | 'bad';
  readonly detail: string;
  /** What to do about it. */
  readonly fix: string | null;
}

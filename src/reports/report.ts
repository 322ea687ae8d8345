/** One question of the analysts, answered by one SELECT over the star: `<name>.sql` beside its declaration. */
export interface Report {
  readonly name: string;
  readonly title: string;
  /** What a reader of the answer should know. */
  readonly note?: string;
  /** The columns of the SELECT, in order. */
  readonly columns: readonly ReportColumn[];
  readonly chart: Chart;
}

export interface ReportColumn {
  readonly name: string;
  readonly label: string;
  readonly shows: 'text' | 'count' | 'share' | 'number';
}

/** How an answer is drawn: a bar beside each row, or one column for each row. */
export type Chart =
  | { readonly kind: 'bars'; readonly of: string }
  | { readonly kind: 'columns'; readonly by: string; readonly of: string };

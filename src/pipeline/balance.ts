export interface Balance {
  readonly lines: number;
  readonly staged: number;
  readonly rejected: number;
  readonly blank: number;
}

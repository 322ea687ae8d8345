/** A row of data that COPY could not load, as SYS_LOAD_ERROR_DETAIL tells of it. Codes by r_Load_Error_Reference. */
export class LoadError extends Error {
  readonly code: number;
  /** Within the field. */
  readonly position: number;

  constructor(code: number, message: string, position = 0) {
    super(message);
    this.code = code;
    this.position = position;
  }
}

export const codes = {
  outOfRange: 1204,
  date: 1205,
  timestamp: 1206,
  digit: 1207,
  float: 1208,
  decimal: 1209,
  boolean: 1210,
  notNull: 1213,
  line: 1216,
  utf8: 1220,
  integerOverflow: 1222,
  super: 1224,
} as const;

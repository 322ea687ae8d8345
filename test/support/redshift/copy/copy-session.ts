/** A column as Redshift knows it. */
export interface DeclaredColumn {
  readonly name: string;
  /** smallint, integer, bigint, decimal, real, double precision, boolean, date, timestamp, timestamptz, char, varchar, super */
  readonly type: string;
  /** Bytes of char and varchar. */
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
}

/** What a statement answered, every value as PostgreSQL writes it. */
export interface BackendResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The session of a user, as COPY and UNLOAD see it. */
export interface CopySession {
  /** Runs SQL (PostgreSQL's own) on the session's backend connection, within its transaction. */
  query(sql: string): Promise<BackendResult>;
  /** `copy … from stdin` in PostgreSQL's text format, on the same connection. */
  copyIn(sql: string, chunks: AsyncIterable<string> | Iterable<string>): Promise<void>;
  /** On another connection, which commits by itself: load errors survive the session's rollback. */
  outside(sql: string): Promise<BackendResult>;
  columnsOf(table: string): Promise<readonly DeclaredColumn[]>;
  readonly pid: number;
  readonly userId: number;
  readonly database: string;
}

/** An error as the server sends it. */
export class ServerError extends Error {
  readonly code: string;
  readonly detail: string | null;
  readonly hint: string | null;

  constructor(code: string, message: string, detail: string | null = null, hint: string | null = null) {
    super(message);
    this.code = code;
    this.detail = detail;
    this.hint = hint;
  }
}

/** Where COPY reads and UNLOAD writes, as one IAM role may; refusals are worded as Redshift words them. */
export interface ObjectStore {
  read(bucket: string, key: string): Promise<Buffer>;
  list(bucket: string, prefix: string): Promise<{ key: string; size: number }[]>;
  write(bucket: string, key: string, body: Buffer): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
  regionOf(bucket: string): string;
}

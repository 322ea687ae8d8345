/** The types a column can have; each warehouse's dialect names its own for them. */
export type ColumnType = 'text' | 'integer' | 'bigint' | 'double' | 'timestamp' | 'boolean';

/** How a staging column is read from a JSON object, and what the reader refuses. */
interface SourceField {
  /** The JSON key, in its exact case. */
  readonly key: string;
  /** Neither missing nor null. */
  readonly required?: boolean;
  /** A JSON number is text here: its own digits, `4.6` stays `4.6`. */
  readonly numbersAsText?: boolean;
  /** Smallest accepted number. */
  readonly min?: number;
  /** Largest accepted number. */
  readonly max?: number;
  /** Largest accepted number, in milliseconds after the time of the load. */
  readonly maxMsAfterNow?: number;
}

export interface Column<Type extends ColumnType = ColumnType, Nullable extends boolean = boolean> {
  readonly type: Type;
  readonly nullable: Nullable;
  readonly doc: string;
  /** The only values accepted. */
  readonly values?: readonly string[];
  /** Longest text in UTF-8 bytes, for warehouses that size their text. */
  readonly maxBytes?: number;
  readonly from?: SourceField;
}

interface Options {
  readonly values?: readonly string[];
  readonly maxBytes?: number;
  readonly from?: SourceField;
}

type Declare<Type extends ColumnType> = {
  (doc: string, options?: Options): Column<Type, false>;
  nullable(doc: string, options?: Options): Column<Type, true>;
};

function declare<Type extends ColumnType>(type: Type): Declare<Type> {
  const required = (doc: string, options: Options = {}): Column<Type, false> => ({
    type,
    nullable: false,
    doc,
    ...options,
  });
  const nullable = (doc: string, options: Options = {}): Column<Type, true> => ({
    type,
    nullable: true,
    doc,
    ...options,
  });
  return Object.assign(required, { nullable });
}

export const text: Declare<'text'> = declare('text');
export const integer: Declare<'integer'> = declare('integer');
export const bigint: Declare<'bigint'> = declare('bigint');
export const double: Declare<'double'> = declare('double');
/** A moment in UTC, with milliseconds, without a zone. */
export const timestamp: Declare<'timestamp'> = declare('timestamp');
export const boolean: Declare<'boolean'> = declare('boolean');

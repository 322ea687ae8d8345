import type { Mapping } from '../json/json-paths.ts';
import { split } from '../json/json-splitter.ts';
import { JsonError, readJson } from '../json/json-values.ts';
import { type FieldReader, fieldReader } from '../tables/column-values.ts';
import type { DeclaredColumn } from './copy-session.ts';
import type { CopyStatement } from './copy-statement.ts';
import { codes, LoadError } from './load-error.ts';

/** A row in PostgreSQL's text format, or why a piece of a file is none. */
export type RowOrError =
  | { readonly row: string }
  | {
      readonly error: LoadError;
      readonly column: DeclaredColumn | null;
      readonly line: number;
      /** Fails the COPY, whatever MAXERROR is. */
      readonly isFatal: boolean;
    };

/** Of a row, by r_COPY; each pipe counts twice, by copy-parameters-data-format. */
const LARGEST_ROW = 4 * 1024 * 1024;

/** How the pieces of a file become rows of the columns that a COPY loads. */
export function rowReader(
  statement: CopyStatement,
  columns: readonly DeclaredColumn[],
  mapping: Mapping,
): (content: Buffer) => Generator<RowOrError> {
  const readers = columns.map((column) => fieldReader(column, statement.conversions));
  return function* (content) {
    // One character per byte: lengths are bytes, and what is not UTF-8 stays as it is.
    const text = content.toString('latin1');
    for (const { kind, start, end, lastLine } of split(text, statement.headerLines)) {
      const isFatal = kind === 'too large';
      let column: DeclaredColumn | null = null;
      try {
        if (kind === 'stray') throw new LoadError(codes.line, 'Invalid value.');
        if (isFatal) throw new LoadError(codes.line, `JSON data exceeds maximum allowed size ${LARGEST_ROW}`);
        const source = text.slice(start, end);
        refuseLargeRow(source);
        const values = mapping(parsed(source));
        const fields: string[] = [];
        for (let i = 0; i < readers.length; i += 1) {
          column = columns[i] as DeclaredColumn;
          fields.push((readers[i] as FieldReader)(values[i]));
        }
        yield { row: `${fields.join('\t')}\n` };
      } catch (error) {
        if (!(error instanceof LoadError)) throw error;
        yield { error, column, line: lastLine, isFatal };
      }
    }
  };
}

function parsed(source: string): ReturnType<typeof readJson> {
  try {
    return readJson(source);
  } catch (error) {
    if (error instanceof JsonError) throw new LoadError(codes.line, 'Invalid value.', error.position);
    throw error;
  }
}

function refuseLargeRow(source: string): void {
  if (source.length * 2 <= LARGEST_ROW) return;
  const pipes = source.split('|').length - 1;
  if (source.length + pipes > LARGEST_ROW)
    throw new LoadError(codes.outOfRange, `The row exceeds ${LARGEST_ROW} bytes, pipes counted twice`);
}

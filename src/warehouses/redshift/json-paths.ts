import { ConfigError } from '../../errors.ts';
import { sourceColumns, type Table } from '../../schema/table.ts';
import type { StagingArea } from './staging-prefix.ts';

/** A JSONPaths file of the user's: one path for each column of the staging table, in their order. */
export interface JsonPaths {
  readonly address: string;
  /** The table's name. */
  readonly table: string;
}

/**
 * LOG_JSONPATH, where it says more than the declarations do. A file that only names the declared keys in their order,
 * as most do, is not used: complete records also show keys that are not declared.
 */
export async function jsonPathsOf(
  address: string | null,
  table: Table,
  staging: StagingArea,
): Promise<JsonPaths | null> {
  if (address === null || /^(auto|auto ignorecase|noshred)$/i.test(address)) return null;
  const text = /^s3:\/\/[^/]+\/.+/.test(address) ? await staging.read(address) : null;
  const paths = pathsIn(text);
  const keys = sourceColumns(table).map(({ from }) => from.key);
  if (paths === null || paths.length !== keys.length) {
    throw new ConfigError(
      `LOG_JSONPATH is ${address}, which is ${text === null ? 'not there' : `no JSONPaths file of ${keys.length} paths`}.`,
      {
        hint: `It must be an object in S3, {"jsonpaths": ["$['${keys[0]}']", …]}, with a path for each of ${keys.join(', ')}; without it, whole records are read.`,
      },
    );
  }
  return paths.every((path, at) => keyOf(path) === keys[at]) ? null : { address, table: table.name };
}

function pathsIn(text: string | null): string[] | null {
  try {
    const { jsonpaths } = JSON.parse(text ?? '') as { jsonpaths?: unknown };
    return Array.isArray(jsonpaths) && jsonpaths.every((path) => typeof path === 'string') ? jsonpaths : null;
  } catch {
    return null;
  }
}

/** The key that a path of one step names, in either notation; null for any other. */
function keyOf(path: string): string | null {
  const [, dotted, bracketed] = /^\$(?:\.([^.[\]]+)|\[['"]([^'"]+)['"]\])$/.exec(path) ?? [];
  return dotted ?? bracketed ?? null;
}

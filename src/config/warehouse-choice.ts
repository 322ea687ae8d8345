import { existsSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { isPath, withoutSecrets } from '../secrets.ts';
import type { PostgresServer, RedshiftServer } from '../warehouses/open.ts';
import { pathBelow } from './paths.ts';
import { postgresSettings } from './postgres.ts';
import { redshiftSettings } from './redshift.ts';
import type { ParsedSettings } from './settings.ts';

export type WarehouseChoice =
  | {
      readonly engine: 'duckdb';
      readonly file: string;
      /** Where it would be if the path were relative to the working folder; absent where that is the same. */
      readonly besideWorkingFolder?: string;
    }
  | { readonly engine: 'postgres'; readonly server: PostgresServer }
  | { readonly engine: 'redshift'; readonly server: RedshiftServer };

const DEFAULT_FILE = 'sparkify.duckdb';
/** A server's address behind another word, within a path or without its colon. */
const SERVER_ADDRESS =
  /^(?:postgres(?:ql)?|redshift)\/\/|(?<![\w.-])(?:postgres(?:ql)?|redshift):\/|\w:\/\//i;
const KINDS =
  'Use duckdb:FILE (--warehouse duckdb:sparkify.duckdb), postgres://user@host/database or redshift://host/database.';

/** The warehouse that is named, or the default one; paths in its address, and the default file, are relative to the folder. */
export function chooseWarehouse(given: ParsedSettings, folder: string): WarehouseChoice {
  const url = given.warehouse?.trim();
  if (url === undefined) {
    if (given.clusterHost !== undefined) return { engine: 'redshift', server: redshiftSettings(null, given) };
    return fileBelow(folder, DEFAULT_FILE);
  }
  const place = (path: string): string => pathBelow(folder, path);
  if (/^postgres(ql)?:/i.test(url))
    return { engine: 'postgres', server: postgresSettings(url, given, place) };
  if (/^redshift:/i.test(url)) return { engine: 'redshift', server: redshiftSettings(url, given, place) };
  return fileBelow(folder, duckDbFile(url, folder));
}

function fileBelow(folder: string, path: string): WarehouseChoice {
  const [file, besideWorkingFolder] = [pathBelow(folder, path), pathBelow('.', path)];
  return { engine: 'duckdb', file, ...(file === besideWorkingFolder ? {} : { besideWorkingFolder }) };
}

/** The file that `duckdb:FILE`, `duckdb:///FILE` or just `FILE` names; ConfigError for what can be none. */
function duckDbFile(url: string, folder: string): string {
  const isNamed = url.startsWith('duckdb:');
  const file = isNamed ? url.slice('duckdb:'.length).replace(/^\/\/(?=\/|[^/])/, '') : url;
  if (isPath(file, (path) => existsSync(pathBelow(folder, path)))) return file;
  const shown = withoutSecrets(url);
  if (/^:memory:/i.test(file)) {
    throw new ConfigError(`The warehouse "${shown}" would be gone when the command ends.`, {
      hint: 'Name a file, which stays: --warehouse duckdb:sparkify.duckdb',
    });
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]+:\/*)/i.exec(file) ?? [];
  if (file === '' || (scheme !== undefined && (!isNamed || scheme.endsWith('/')))) {
    const named = file === '' ? url : `${isNamed ? 'duckdb:' : ''}${scheme}…`;
    throw new ConfigError(`The warehouse "${named}" is not of a kind that sparkify knows.`, { hint: KINDS });
  }
  if (shown !== url || SERVER_ADDRESS.test(file)) {
    throw new ConfigError(`The warehouse "${shown}" is not a file: it looks like the address of a server.`, {
      hint: KINDS,
    });
  }
  return file;
}

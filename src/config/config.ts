import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import { type CfgEntry, type CfgFile, parseDwhCfg } from './dwh-cfg.ts';
import { type PostgresSettings, postgresSettings } from './postgres.ts';
import { type RedshiftSettings, redshiftSettings } from './redshift.ts';
import { foreignKeys, type Given, type Setting, type SettingName, settings } from './settings.ts';

type WarehouseChoice =
  | { readonly engine: 'duckdb'; readonly file: string }
  | { readonly engine: 'postgres'; readonly server: PostgresSettings }
  | { readonly engine: 'redshift'; readonly server: RedshiftSettings };

/** Everything that a command may need, decided once at the door. */
export interface Config extends Readonly<Given> {
  readonly warehouseChoice: WarehouseChoice;
  /** Where each given setting came from: `--log-data`, `SPARKIFY_LOG_DATA`, `dwh.cfg:12`. */
  readonly origins: Readonly<Partial<Record<SettingName, string>>>;
  /** The configuration file that was read; null without one. */
  readonly file: string | null;
  readonly warnings: readonly string[];
}

export interface ConfigInput {
  /** `--config FILE`; without it, dwh.cfg is read if it is there. */
  readonly file: string | undefined;
  /** Settings given as flags, by name. */
  readonly flags: Readonly<Partial<Record<SettingName, string | undefined>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Found {
  readonly text: string;
  readonly origin: string;
}

const DEFAULT_FILE = 'dwh.cfg';

/** Reads dwh.cfg, environment and flags: flags beat environment, environment beats file. */
export async function readConfig(input: ConfigInput): Promise<Config> {
  const file = await readCfg(input.file);
  const given: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting][]) {
    const found = find(name, setting, input, file);
    if (!found) continue;
    given[name] = parse(setting, found);
    origins[name] = found.origin;
  }
  const known = given as Given;
  return Object.freeze({
    ...known,
    warehouseChoice: chooseWarehouse(known),
    origins,
    file: file?.path ?? null,
    warnings: file ? warningsOf(file) : [],
  });
}

interface ReadCfg extends CfgFile {
  readonly path: string;
}

async function readCfg(path: string | undefined): Promise<ReadCfg | null> {
  const file = path ?? DEFAULT_FILE;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && path === undefined) return null;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : 'cannot be read';
    throw new ConfigError(`The configuration file ${file} ${why}.`, {
      cause,
      hint: code === 'ENOENT' ? 'sparkify init writes one.' : `Check its permissions: ls -l '${file}'`,
    });
  }
  if (text.includes('\0'))
    throw new ConfigError(`${file} is not a text file.`, { hint: 'sparkify init writes a new one.' });
  return { ...parseDwhCfg(text), path: file };
}

function find(name: SettingName, setting: Setting, input: ConfigInput, file: ReadCfg | null): Found | null {
  const flag = input.flags[name];
  if (flag !== undefined)
    return { text: flag, origin: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` };
  for (const variable of setting.env) {
    const text = input.env[variable];
    if (text !== undefined && text !== '') return { text, origin: variable };
  }
  for (const alias of setting.file) {
    const entry = file?.entries.findLast(
      (candidate) => nameOf(candidate) === alias && candidate.value !== '',
    );
    if (entry) return { text: entry.value, origin: `${file?.path}:${entry.line}` };
  }
  return null;
}

function parse(setting: Setting, found: Found): unknown {
  const result = setting.schema.safeParse(found.text);
  if (result.success) return result.data;
  const value = setting.secret ? '' : ` "${found.text}"`;
  throw new ConfigError(
    `${found.origin}: the value${value} ${result.error.issues[0]?.message ?? 'cannot be used'}.`,
    {
      hint: setting.doc,
    },
  );
}

function chooseWarehouse(given: Given): WarehouseChoice {
  const url = given.warehouse;
  if (url === undefined) {
    if (given.clusterHost !== undefined) return { engine: 'redshift', server: redshiftSettings(null, given) };
    return { engine: 'duckdb', file: 'sparkify.duckdb' };
  }
  if (/^postgres(ql)?:/i.test(url)) return { engine: 'postgres', server: postgresSettings(url, given) };
  if (/^redshift:/i.test(url)) return { engine: 'redshift', server: redshiftSettings(url, given) };
  const file = url.startsWith('duckdb:') ? url.slice('duckdb:'.length).replace(/^\/\/(?=\/|[^/])/, '') : null;
  if (file === '' || (file === null && /^[a-z][a-z0-9+.-]+:/i.test(url))) {
    throw new ConfigError(
      `The warehouse "${url.replace(/:\/\/.*$/, '://…')}" is of no kind that sparkify knows.`,
      {
        hint: 'Use duckdb:FILE (--warehouse duckdb:sparkify.duckdb), postgres://user@host/database or redshift://host/database.',
      },
    );
  }
  return { engine: 'duckdb', file: file ?? url };
}

function warningsOf(file: ReadCfg): string[] {
  const known = new Set<string>(Object.values(settings).flatMap((setting) => [...setting.file]));
  const odd = file.warnings.map(({ line, message }) => `${file.path}:${line}: ${message}.`);
  const unknown = file.entries
    .filter(
      (entry) => !known.has(nameOf(entry)) && !foreignKeys.some((pattern) => pattern.test(nameOf(entry))),
    )
    .map(
      (entry) =>
        `${file.path}:${entry.line}: the key ${entry.key} in [${entry.section}] is unknown and ignored.${nearest(entry, known)}`,
    );
  return [...odd, ...unknown];
}

function nearest(entry: CfgEntry, known: ReadonlySet<string>): string {
  const sameKey = [...known].find((name) => name.endsWith(`.${entry.key.toUpperCase()}`));
  return sameKey === undefined ? '' : ` Did you mean ${sameKey.replace('.', '] ').replace(/^/, '[')}?`;
}

function nameOf(entry: CfgEntry): string {
  return `${entry.section.toUpperCase()}.${entry.key.toUpperCase()}`;
}

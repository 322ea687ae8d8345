import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { isPath, type SecretKeeper, secretKeeper, withoutSecrets } from '../secrets.ts';
import { type CfgFile, nameOf, parseDwhCfg } from './dwh-cfg.ts';
import { warningsOf } from './dwh-cfg-warnings.ts';
import { pathBelow, patternBelow } from './paths.ts';
import { type ParsedSettings, type Setting, type SettingName, settings } from './settings.ts';
import { chooseWarehouse, type WarehouseChoice } from './warehouse-choice.ts';

/** Everything that a command may need, decided once at the door. */
export interface Config extends Readonly<ParsedSettings> {
  readonly warehouseChoice: WarehouseChoice;
  /** Every place of log data and of song data: a flag may name several. */
  readonly logPlaces: readonly string[];
  readonly songPlaces: readonly string[];
  /** Where each given setting came from: `--log-data`, `SPARKIFY_LOG_DATA`, `dwh.cfg:12`. */
  readonly origins: Readonly<Partial<Record<SettingName, string>>>;
  /** The configuration file that was read; null without one. */
  readonly file: string | null;
  readonly warnings: readonly string[];
}

export interface ConfigInput {
  /** `--config FILE`; without it, dwh.cfg is read if it is there. */
  readonly file: string | undefined;
  /** Settings given as flags, by name; those of places may be several. */
  readonly flags: Readonly<Partial<Record<SettingName, string | readonly string[] | undefined>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets every secret before anything is judged. */
  readonly secrets?: SecretKeeper;
}

interface Found {
  readonly texts: readonly [string, ...string[]];
  readonly origin: string;
  /** What paths in it are relative to. */
  readonly folder: string;
}

const DEFAULT_FILE = 'dwh.cfg';
/** Words that messages hold, whoever chose them for a password too. */
const openNames: readonly SettingName[] = [
  'pgUser',
  'pgHost',
  'pgDatabase',
  'clusterHost',
  'dbName',
  'dbUser',
];

/** Reads dwh.cfg, environment and flags: flags beat environment, environment beats file. */
export async function readConfig(input: ConfigInput): Promise<Config> {
  const file = await readCfg(input.file);
  const found = new Map<SettingName, Found>();
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting][]) {
    const one = find(name, setting, input, file);
    if (one) found.set(name, one);
  }
  heedSecrets(found, input.secrets ?? secretKeeper());
  const given = Object.fromEntries(
    [...found].map(([name, one]) => [name, parse(settings[name], one, one.texts[0])]),
  ) as ParsedSettings;
  const placesOf = (name: 'logData' | 'songData'): string[] =>
    (found.get(name)?.texts ?? []).map(
      (text) => parse(settings[name], found.get(name) as Found, text) as string,
    );
  const warehouseChoice = chooseWarehouse(given, found.get('warehouse')?.folder ?? folderOf(file));
  return Object.freeze({
    ...given,
    warehouseChoice,
    logPlaces: placesOf('logData'),
    songPlaces: placesOf('songData'),
    origins: Object.fromEntries([...found].map(([name, { origin }]) => [name, origin])),
    file: file?.path ?? null,
    warnings: file ? [...warningsOf(file, file.path), ...movedWarehouse(warehouseChoice, file.path)] : [],
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

/** What paths of the file are relative to; `.` is the working folder. */
function folderOf(file: ReadCfg | null): string {
  if (file === null || resolve(dirname(file.path)) === resolve('.')) return '.';
  return dirname(file.path);
}

function find(name: SettingName, setting: Setting, input: ConfigInput, file: ReadCfg | null): Found | null {
  const flag = input.flags[name];
  const [first, ...more] = typeof flag === 'string' ? [flag] : (flag ?? []);
  if (first !== undefined) {
    const origin = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return { texts: [first, ...more], origin, folder: '.' };
  }
  for (const variable of setting.env) {
    const text = input.env[variable];
    if (text !== undefined && text !== '') return { texts: [text], origin: variable, folder: '.' };
  }
  for (const alias of setting.file) {
    const entry = file?.entries.findLast(
      (candidate) => nameOf(candidate) === alias && candidate.value !== '',
    );
    if (entry) return { texts: [entry.value], origin: `${file?.path}:${entry.line}`, folder: folderOf(file) };
  }
  return null;
}

/** A password is secret as a whole; in all else, which may be an address, the form shows what is secret. */
function heedSecrets(found: ReadonlyMap<SettingName, Found>, secrets: SecretKeeper): void {
  for (const [name, { texts, folder }] of found) {
    const isWhole = (settings[name] as Setting).secret === true && name !== 'warehouse';
    for (const text of texts) {
      if (isWhole) secrets.heedSecret(text);
      else if (!isPath(text, (path) => existsSync(pathBelow(folder, path)))) secrets.heed(text);
      if (openNames.includes(name)) secrets.heedOpen(text);
      if (name === 'warehouse')
        for (const word of withoutSecrets(text).split(/[^\w.-]+/)) secrets.heedOpen(word);
    }
  }
}

function parse(setting: Setting, { origin, folder }: Found, text: string): unknown {
  const result = setting.schema.safeParse(text);
  if (result.success) {
    if (setting.path === undefined || result.data === 'system') return result.data;
    return (setting.path === 'pattern' ? patternBelow : pathBelow)(folder, String(result.data));
  }
  const value = setting.secret ? '' : ` "${withoutSecrets(text)}"`;
  throw new ConfigError(
    `${origin}: the value${value} ${result.error.issues[0]?.message ?? 'cannot be used'}.`,
    { hint: setting.doc },
  );
}

/** Who changes to a rule must not end with two warehouses: paths of dwh.cfg were relative to the working folder once. */
function movedWarehouse(choice: WarehouseChoice, path: string): string[] {
  if (!('besideWorkingFolder' in choice) || choice.besideWorkingFolder === undefined) return [];
  const [file, other] = [resolve(choice.file), resolve(choice.besideWorkingFolder)];
  if (existsSync(file) || !existsSync(other)) return [];
  return [
    `There is no warehouse ${file} yet, but there is ${other}. Paths in ${path} are relative to that file, not to the working folder. If ${other} is the one you mean, move it there, or write URL = duckdb:${other} below [WAREHOUSE] in ${path}.`,
  ];
}

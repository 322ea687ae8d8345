#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { Command as Commander, CommanderError, Option } from 'commander';
import pc from 'picocolors';
import type { Command, Context, Flags, Result } from './commands/command.ts';
import type { Config } from './config/config.ts';
import type { SettingName } from './config/settings.ts';
import { InterruptedError, openFilesHint, SparkifyError, UsageError } from './errors.ts';
import { printable } from './terminal/printable.ts';
import type { Voice } from './terminal/voice.ts';
import { version } from './version.ts';

/** Each command's name, its line in the help, and its module, imported when it is called. */
const commands: Readonly<
  Record<string, readonly [summary: string, load: () => Promise<{ command: Command }>]>
> = {
  demo: ['see it all: data made up, loaded, first insights', () => import('./commands/demo.ts')],
  simulate: ['make believable logs and songs from a seed', () => import('./commands/simulate.ts')],
  init: ['write a commented dwh.cfg', () => import('./commands/init.ts')],
  'create-tables': ['create the tables that are missing', () => import('./commands/create-tables.ts')],
  etl: ['load logs and songs into the star', () => import('./commands/etl.ts')],
  status: ['tables, last runs, freshness, rejects', () => import('./commands/status.ts')],
  check: ['run the data quality checks', () => import('./commands/check.ts')],
  rejects: ['list, show, export or replay what was refused', () => import('./commands/rejects.ts')],
  explain: ['trace a songplay to its file, line and dimensions', () => import('./commands/explain.ts')],
  query: ['ask the star in SQL, read-only', () => import('./commands/query.ts')],
  export: ['write tables as Parquet, to a folder or to S3', () => import('./commands/export.ts')],
  dictionary: ['print the data dictionary', () => import('./commands/dictionary.ts')],
  doctor: ['check configuration, files, warehouse and machine', () => import('./commands/doctor.ts')],
};

/** Settings that flags can give, as `--log-data` gives logData. */
const settingFlags: readonly SettingName[] = [
  'logData',
  'songData',
  'warehouse',
  'matchOn',
  'maxRejects',
  'waitSeconds',
];

/** Which bits a file's mode never has; by this, DuckDB's own files are made so, too. */
const umasks = { 600: 0o077, 640: 0o027 } as const;

/** Where there is no terminal. */
const USUAL_COLUMNS = 100;

let interrupted: InterruptedError | null = null;
/** The commit is under way: a signal would come too late to stop it. */
let isCommitting = false;
const stops: ((why: InterruptedError) => void)[] = [];

// The AWS SDK warns on Node 20 of versions to come; the one that is pinned supports it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough is no error.
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${pc.red('error')} Cannot write to stdout: ${error.message}\n`);
    process.exit(1);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt(signal));
  const isJson = argv.includes('--json');
  try {
    return await parseAndRun(argv);
  } catch (error) {
    return printError(error instanceof InterruptedError ? error : (interrupted ?? error), isJson);
  }
}

async function parseAndRun(argv: readonly string[]): Promise<number> {
  const program = new Commander('sparkify')
    .description(
      'Loads a streaming app’s JSON logs and song metadata into a star schema that analysts can trust.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', '\nEvery command explains itself: sparkify <command> --help');
  let exitCode = 0;
  for (const [name, [summary, load]] of Object.entries(commands)) {
    const command = program.command(name).description(summary).exitOverride();
    if (!argv.includes(name)) continue;
    const module = (await load()).command;
    module.define(command);
    if (command.commands.length === 0) addSharedFlags(command);
    for (const sub of command.commands) addSharedFlags(sub.exitOverride());
    const action = async (called: Commander): Promise<void> => {
      exitCode = await runCommand(module, called);
    };
    if (command.commands.length === 0) command.action((...args) => action(args.at(-1) as Commander));
    for (const sub of command.commands) sub.action((...args) => action(args.at(-1) as Commander));
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    throw usageOf(error, argv);
  }
  return exitCode;
}

function addSharedFlags(command: Commander): void {
  command
    .option('--config <file>', 'the configuration file (default: dwh.cfg, if it is there)')
    .option('--json', 'print one JSON document')
    .addOption(new Option('-q, --quiet', 'print no progress').conflicts('verbose'))
    .option('-v, --verbose', 'print more about what is done');
}

async function runCommand(command: Command, called: Commander): Promise<number> {
  const flags = called.opts<Flags>();
  const { makeVoice } = await import('./terminal/voice.ts');
  const voice = interruptible(
    makeVoice({ quiet: flags.quiet === true, verbose: flags.verbose === true, stream: process.stderr }),
  );
  if (command.isMadeUp !== true) process.umask(umasks[600]);
  const name = called.parent?.parent ? called.name() : '';
  let result: Result;
  try {
    result = await command.run(
      makeContext(voice, command),
      flags,
      name === '' ? called.args : [name, ...called.args],
    );
  } finally {
    voice.done();
  }
  const text = flags.json === true ? (JSON.stringify(result.json, null, 2) ?? '') : result.text;
  if (text !== '') await print(text.endsWith('\n') ? text : `${text}\n`);
  return result.exitCode ?? 0;
}

function makeContext(voice: Voice, { isMadeUp }: Command): Context {
  let config: Promise<Config> | null = null;
  return {
    voice,
    nowMs: Date.now,
    columns: process.stdout.columns ?? USUAL_COLUMNS,
    async config(flags) {
      config ??= readAndWarn(flags, voice);
      const { fileMode = '600' } = await config;
      if (isMadeUp !== true) process.umask(umasks[fileMode]);
      return config;
    },
    write: print,
    async confirm(question) {
      if (process.stdin.isTTY !== true) return false;
      const ask = createInterface({ input: process.stdin, output: process.stderr });
      const said = await ask.question(`${question} [y/N] `);
      ask.close();
      return /^y(es)?$/i.test(said.trim());
    },
    onInterrupt: (stop) => void stops.push(stop),
  };
}

async function readAndWarn(flags: Flags, voice: Voice): Promise<Config> {
  const { readConfig } = await import('./config/config.ts');
  const given = Object.fromEntries(
    settingFlags
      .filter((name) => typeof flags[name] === 'string')
      .map((name) => [name, flags[name] as string]),
  );
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const config = await readConfig({ file, flags: given, env: process.env });
  for (const warning of config.warnings) voice.warn(warning);
  return config;
}

/** A signal takes effect where work reports its progress, or ends the statement that runs. */
function interruptible(voice: Voice): Voice {
  const assertGoingOn = (): void => {
    if (interrupted) throw interrupted;
  };
  return {
    ...voice,
    step(...step) {
      assertGoingOn();
      voice.step(...step);
    },
    advance(amount) {
      assertGoingOn();
      voice.advance(amount);
    },
    note(message) {
      assertGoingOn();
      voice.note(message);
    },
    committing() {
      assertGoingOn();
      isCommitting = true;
      voice.committing();
    },
  };
}

function interrupt(signal: 'SIGINT' | 'SIGTERM'): void {
  if (isCommitting) return;
  // Asked twice: whatever is still being put away is left to the next run.
  if (interrupted) process.exit(printError(interrupted, process.argv.includes('--json')));
  interrupted = new InterruptedError(signal);
  for (const stop of stops) stop(interrupted);
  if (stops.length === 0) process.exit(printError(interrupted, process.argv.includes('--json')));
}

/** A file that cannot be read or written is the user's to mend, wherever it was met. */
function fromFileSystem(error: unknown): unknown {
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (error instanceof SparkifyError || !code || !syscall) return error;
  const why = message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/, '');
  const hint = openFilesHint(code);
  return new SparkifyError(`Cannot ${syscall} ${path ?? 'a file'}: ${why}.`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function printError(thrown: unknown, isJson: boolean): number {
  const error = fromFileSystem(thrown);
  const known = error instanceof SparkifyError;
  const message = known ? error.message : `A fault in sparkify: ${(error as Error)?.message ?? error}`;
  const hint = known ? error.hint : 'Please report it with what follows.';
  const exitCode = known ? error.exitCode : 1;
  process.stderr.write(`${pc.red('error')} ${indented(message)}\n`);
  if (hint !== undefined) process.stderr.write(`      ${indented(hint)}\n`);
  if (!known && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (known && process.argv.includes('--verbose') && error.cause instanceof Error) {
    process.stderr.write(`${error.cause.stack}\n`);
  }
  if (isJson) {
    const kind = error instanceof Error ? error.name : 'Error';
    process.stdout.write(
      `${JSON.stringify({ status: 'failed', error: { kind, message, hint: hint ?? null, exitCode } }, null, 2)}\n`,
    );
  }
  return exitCode;
}

/** Several lines below one another, none of which can drive the terminal. */
function indented(text: string): string {
  return text.split('\n').map(printable).join('\n      ');
}

/** Commander's message in our form: what, and the nearest right word if it knows one. */
function usageOf(error: CommanderError, argv: readonly string[]): UsageError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\(|\)$/g, '')
    .trim();
  const command = argv.find((word) => word in commands);
  const help = command === undefined ? 'sparkify --help' : `sparkify ${command} --help`;
  const message = first.charAt(0).toUpperCase() + first.slice(1);
  return new UsageError(message.endsWith('.') ? message : `${message}.`, {
    hint: suggestion === '' ? `See ${help}` : `${suggestion} (see ${help})`,
  });
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

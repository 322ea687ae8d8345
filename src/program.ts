import { createInterface } from 'node:readline/promises';
import { Command as Commander, CommanderError } from 'commander';
import type { Command, Context, Flags, Result } from './commands/shared/command.ts';
import { addSharedFlags } from './commands/shared/flags.ts';
import type { Config } from './config/config.ts';
import type { SettingName } from './config/settings.ts';
import { CommittedError, InterruptedError } from './errors.ts';
import { secretKeeper } from './secrets.ts';
import { unlessStopped } from './stopping.ts';
import { hideFromProcessList, warningOfSecrets, wordsOf } from './terminal/command-line.ts';
import type { Console } from './terminal/console.ts';
import { drawFailure, failureOf } from './terminal/failure.ts';
import { listenForSignals } from './terminal/interruption.ts';
import { printableJson } from './terminal/printable.ts';
import { hintsFor, programOf } from './terminal/program.ts';
import { endWithReaders, print } from './terminal/stdout.ts';
import { helpAsFlag, usageOf } from './terminal/usage.ts';
import { version } from './version.ts';

/** Each command's name, its line in the help, and its module, imported when it is called. */
const commands: Readonly<
  Record<string, readonly [summary: string, load: () => Promise<{ command: Command }>]>
> = {
  demo: ['try everything: make data, load it, see first reports', () => import('./commands/demo.ts')],
  simulate: ['make realistic logs and songs from a seed', () => import('./commands/simulate.ts')],
  init: ['write a commented dwh.cfg', () => import('./commands/init.ts')],
  'create-tables': ['create the tables that are missing', () => import('./commands/create-tables.ts')],
  etl: ['load logs and songs into the star', () => import('./commands/etl.ts')],
  status: ['tables, last runs, freshness, rejects', () => import('./commands/status.ts')],
  check: ['run the data quality checks', () => import('./commands/check.ts')],
  rejects: ['list, show, export or replay what was refused', () => import('./commands/rejects.ts')],
  explain: ['trace a songplay to its file, line and dimensions', () => import('./commands/explain.ts')],
  query: ['query the star in SQL, read-only', () => import('./commands/query.ts')],
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
const DEFAULT_COLUMNS = 100;

/** Whether a part of a result is on stdout already: then no document about its failure follows it there. */
let hasBegun = false;
/** The exit code if nobody reads stdout any more. */
let codeForReaders = 0;
const warnings: string[] = [];
const secrets = secretKeeper();

// The AWS SDK warns on Node 20 of versions to come; the one that is pinned supports it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const program = programOf(process.env);
const asCalled = hintsFor(program, Object.keys(commands));
const interruption = listenForSignals((why) => printError(why, process.argv.includes('--json')));

process.exitCode = await main(process.argv.slice(2));
if (interruption.signal.aborted) await interruption.leave(process.exitCode);

async function main(given: readonly string[]): Promise<number> {
  const isJson = given.includes('--json');
  heedSecrets(given);
  endWithReaders(() => codeForReaders);
  try {
    return await parseAndRun(helpAsFlag(given, Object.keys(commands)));
  } catch (error) {
    if (interruption.isLeaving) return (interruption.signal.reason as InterruptedError).exitCode;
    const isOwn = error instanceof InterruptedError || error instanceof CommittedError;
    return printError(isOwn ? error : (interruption.signal.reason ?? error), isJson);
  }
}

function heedSecrets(argv: readonly string[]): void {
  const words = wordsOf(argv);
  for (const { given, isAddress } of words) if (isAddress) secrets.heed(given);
  for (const name of Object.keys(commands)) secrets.heedOpen(name);
  for (const name of ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
    const value = process.env[name];
    if (value !== undefined) secrets.heedSecret(value);
  }
  hideFromProcessList(words);
}

/** The program without its commands; it prints no help by itself. */
function rootCommand(onHelp: (text: string) => void): Commander {
  return new Commander(program)
    .description(
      'Loads a streaming app’s JSON logs and song metadata into a star schema that analysts can trust.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      writeErr: (text) => process.stderr.write(asCalled(text)),
      writeOut: (text) => onHelp(asCalled(text)),
    })
    .addHelpText('after', '\nEvery command explains itself: sparkify <command> --help');
}

async function parseAndRun(argv: readonly string[]): Promise<number> {
  const help: string[] = [];
  const root = rootCommand((text) => help.push(text));
  let exitCode = 0;
  for (const [name, [summary, load]] of Object.entries(commands)) {
    const command = root.command(name).description(summary).exitOverride();
    if (!argv.includes(name)) continue;
    const module = (await load()).command;
    module.define(command);
    for (const one of command.commands.length === 0 ? [command] : command.commands) {
      addSharedFlags(one.exitOverride());
      one.action(async (...args) => {
        exitCode = await runCommand(module, args.at(-1) as Commander);
      });
    }
  }
  try {
    await root.parseAsync(argv.map(asArgument), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return print(help.join('')).then(() => 0);
    if (error.code === 'commander.help') return 2;
    const command = argv.find((word) => word in commands);
    throw usageOf(error, command === undefined ? program : `${program} ${command}`);
  }
  return exitCode;
}

/** SQL that begins with a comment is no flag. */
function asArgument(word: string): string {
  return /^--(\s|[^=]*\n)/.test(word) ? `\n${word}` : word;
}

async function runCommand(command: Command, called: Commander): Promise<number> {
  const options = Object.entries(called.opts<Record<string, Flags[string] | readonly string[]>>());
  const flags = Object.fromEntries(options.filter(([, value]) => !Array.isArray(value))) as Flags;
  const lists = Object.fromEntries(options.filter(([, value]) => Array.isArray(value))) as Lists;
  const { openConsole } = await import('./terminal/console.ts');
  const console = openConsole(interruption, {
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    safe: secrets.hide,
    onWarning: (message) => warnings.push(message),
  });
  const warning = warningOfSecrets(wordsOf(process.argv.slice(2)));
  if (warning !== null) console.warn(warning);
  if (command.isMadeUp !== true) process.umask(umasks[600]);
  const verb = called.parent?.parent ? [called.name()] : [];
  let result: Result;
  try {
    result = await command.run(makeContext(console, lists, command), flags, [...verb, ...called.args]);
  } finally {
    console.done();
  }
  return printResult(result, flags.json === true);
}

/** Prints a result, and what failed after its commit; the exit code. */
async function printResult(result: Result, isJson: boolean): Promise<number> {
  // The signal's error has been printed.
  if (interruption.isLeaving) interruption.signal.throwIfAborted();
  const { failure = null } = result;
  const exitCode = failure?.exitCode ?? result.exitCode ?? 0;
  codeForReaders = exitCode;
  const text = isJson ? jsonOf(result.json, failure, exitCode) : secrets.hideAddresses(result.text);
  try {
    if (text !== '') await print(text.endsWith('\n') ? text : `${text}\n`);
  } catch (cause) {
    if (failure !== null) printError(failure, false);
    if (!interruption.hasCommitted) throw cause;
    const message = `All is committed, but its report could not be printed. ${(cause as Error).message}`;
    throw new CommittedError(message, { cause, hint: 'sparkify status shows what was loaded.' });
  }
  return failure === null ? exitCode : printError(failure, false);
}

/** A document of a command; lists, and what is data alone, stay as they are. */
function jsonOf(json: unknown, failure: CommittedError | null, exitCode: number): string {
  const isDocument = typeof json === 'object' && json !== null && !Array.isArray(json);
  const error = failure === null ? {} : { error: failureOf(failure, secrets.hide, asCalled) };
  const whole = isDocument ? { ...json, warnings, exitCode, ...error } : json;
  return printableJson(whole, 2, secrets.hideAddresses);
}

/** Values of flags that may be given several times. */
type Lists = Readonly<Partial<Record<SettingName, readonly string[]>>>;

function makeContext(console: Console, lists: Lists, { isMadeUp }: Command): Context {
  let config: Promise<Config> | null = null;
  return {
    console,
    nowMs: Date.now,
    columns: process.stdout.columns ?? DEFAULT_COLUMNS,
    program,
    asCalled,
    withoutSecrets: secrets.hide,
    isTerminal: process.stdout.isTTY === true,
    async config(flags) {
      config ??= readAndWarn(flags, lists, console);
      const { fileMode = '600' } = await config;
      if (isMadeUp !== true) process.umask(umasks[fileMode]);
      return config;
    },
    write(text) {
      interruption.signal.throwIfAborted();
      hasBegun = true;
      return unlessStopped(print(text), interruption.signal);
    },
    async confirm(question) {
      if (process.stdin.isTTY !== true) return false;
      const ask = createInterface({ input: process.stdin, output: process.stderr });
      // It takes Ctrl-C for itself.
      ask.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      const said = await ask
        .question(`${question} [y/N] `, { signal: interruption.signal })
        .finally(() => ask.close());
      return /^y(es)?$/i.test(said.trim());
    },
    signal: interruption.signal,
    stopsByItself: interruption.stopsByItself,
  };
}

async function readAndWarn(flags: Flags, lists: Lists, console: Console): Promise<Config> {
  const { readConfig } = await import('./config/config.ts');
  const given = Object.fromEntries(
    settingFlags
      .filter((name) => typeof flags[name] === 'string')
      .map((name) => [name, flags[name] as string]),
  );
  const file = typeof flags.config === 'string' ? flags.config : undefined;
  const config = await readConfig({ file, flags: { ...given, ...lists }, env: process.env, secrets });
  for (const warning of config.warnings) console.warn(warning);
  return config;
}

function printError(thrown: unknown, isJson: boolean): number {
  const failure = failureOf(thrown, secrets.hide, asCalled);
  const isVerbose = ['--verbose', '-v'].some((flag) => process.argv.includes(flag));
  process.stderr.write(drawFailure(failure, thrown, secrets.hide, isVerbose));
  if (isJson && !hasBegun && !process.stdout.destroyed) {
    const { exitCode } = failure;
    const failed = { status: 'failed', warnings, exitCode, error: failure };
    process.stdout.write(`${printableJson(failed, 2)}\n`);
  }
  return failure.exitCode;
}

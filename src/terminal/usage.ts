import type { CommanderError } from 'commander';
import { UsageError } from '../errors.ts';

/** Commander's message in our form: what, and the nearest right word if it knows one; `called` is the program and its command. */
export function usageOf(error: CommanderError, called: string): UsageError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\(|\)$/g, '')
    .trim();
  const help = `${called} --help`;
  const message = first.charAt(0).toUpperCase() + first.slice(1);
  return new UsageError(message.endsWith('.') ? message : `${message}.`, {
    hint: suggestion === '' ? `See ${help}` : `${suggestion} (see ${help})`,
  });
}

/** `help etl` is `etl --help`, and nothing at all is `--help`. */
export function helpAsFlag(argv: readonly string[], commands: readonly string[]): readonly string[] {
  const [first = 'help', command, ...more] = argv;
  if (first !== 'help') return argv;
  if (command === undefined) return ['--help'];
  return commands.includes(command) ? [command, ...more, '--help'] : [command];
}

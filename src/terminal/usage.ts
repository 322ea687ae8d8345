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

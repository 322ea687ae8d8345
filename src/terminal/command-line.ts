import { withoutSecrets } from '../secrets.ts';

/** Takes what is secret in the command line from where other users can see it: `ps` shows the memory that the title is written to. */
export function hideFromProcessList(argv: readonly string[]): void {
  const shown = argv.map(withoutSecrets);
  if (shown.some((word, at) => word !== argv[at])) process.title = ['sparkify', ...shown].join(' ');
}

/** What to say of a secret in the command line; null if there is none. */
export function warningOfSecrets(argv: readonly string[]): string | null {
  const at = argv.findIndex((word) => withoutSecrets(word) !== word);
  const word = argv[at];
  if (word === undefined) return null;
  const flag =
    /^--[\w-]+(?==)/.exec(word)?.[0] ?? argv.slice(0, at).findLast((before) => before.startsWith('--'));
  return `${flag ?? 'The command line'} holds a password or a key. The shell keeps it in its history, and other users of this machine may have seen it. Better: in the environment (PGPASSWORD, SPARKIFY_DB_PASSWORD, AWS_SECRET_ACCESS_KEY), in ~/.pgpass, or in a dwh.cfg that only you can read (chmod 600).`;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
if (!existsSync(program)) throw new Error('dist/ is missing: run npm run build first.');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Hears of the process and of each piece of stderr as it comes. */
  readonly onTalk?: (child: ChildProcess, talk: string) => void;
  readonly onStart?: (child: ChildProcess) => void;
  /** Runs as this user and group, which only root may ask for. */
  readonly uid?: number;
  /** A program, with its arguments, that runs the command: `strace …`. */
  readonly under?: readonly string[];
}

/** Runs the built command as a user does, with no terminal and nothing of this process's configuration. */
export function sparkify(
  args: readonly string[],
  { cwd, env = {}, onTalk, onStart, uid, under = [] }: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [command = '', ...words] = [...under, process.execPath, program, ...args];
    const child = spawn(command, words, {
      cwd,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      env: { PATH: process.env.PATH ?? '', HOME: cwd, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (piece) => {
      stdout += piece;
    });
    child.stderr.on('data', (piece) => {
      stderr += piece;
      onTalk?.(child, stderr);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    onStart?.(child);
  });
}

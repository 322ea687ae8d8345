import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';

/** Names under which a process finds what it was given open: to be written as they are. */
const GIVEN_OPEN = /^\/(?:dev\/(?:(stdout|stderr)|fd\/(\d+))|proc\/(?:self|(\d+))\/fd\/(\d+))$/;
const CHUNK_BYTES = 64 * 1024;
const RETRY_MS = 5;

/** Whether a name is one of what a process was given open. */
export function isGivenOpen(path: string): boolean {
  return GIVEN_OPEN.test(resolve(path));
}

/** A pipe, a device, or what a process was given open: it is there already, and keeps its name. */
export function outputAsItIs(path: string, found: Stats, remember: (folder: string) => () => void) {
  const isStdout = isSame(found, 1);
  // To open such a file by its name would begin it from its start; a socket cannot be opened by a name.
  if (isGivenOpen(path) && (found.isFile() || found.isSocket())) {
    const folder = mkdtempSync(join(tmpdir(), 'sparkify-output-'));
    const forget = remember(folder);
    const aside = join(folder, 'output');
    const finish = (): void => append(aside, path);
    const discard = (): void => {
      rmSync(folder, { recursive: true, force: true });
      forget();
    };
    return { aside, isTerminal: false, isStdout, finish, discard };
  }
  const isTerminal = found.isCharacterDevice() && leadsToTerminal(path);
  return { aside: resolve(path), isTerminal, isStdout, finish: () => {}, discard: () => {} };
}

function isSame(found: Stats, descriptor: number): boolean {
  try {
    const other = fstatSync(descriptor);
    return other.dev === found.dev && other.ino === found.ino;
  } catch {
    return false;
  }
}

/** Writes where the process that was given the file open would write on. */
function append(from: string, path: string): void {
  const own = ownDescriptor(path);
  const to = own ?? openSync(path, constants.O_WRONLY | constants.O_APPEND);
  const source = openSync(from, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = readSync(source, chunk); read > 0; read = readSync(source, chunk))
      for (let at = 0; at < read; ) at += writeSome(to, chunk.subarray(at, read));
  } finally {
    closeSync(source);
    if (own === null) closeSync(to);
  }
}

/** Writes what a descriptor takes now; a socket that is full takes more later. */
function writeSome(descriptor: number, bytes: Buffer): number {
  for (;;) {
    try {
      return writeSync(descriptor, bytes);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** The number under which this process has it open; null for what another process has. */
function ownDescriptor(path: string): number | null {
  const [, stream, device, pid, number] = GIVEN_OPEN.exec(resolve(path)) ?? [];
  if (stream !== undefined) return stream === 'stdout' ? 1 : 2;
  if (device !== undefined) return Number(device);
  return pid === undefined || Number(pid) === process.pid ? Number(number) : null;
}

function leadsToTerminal(device: string): boolean {
  try {
    const file = openSync(device, constants.O_WRONLY | constants.O_NOCTTY);
    try {
      return isatty(file);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

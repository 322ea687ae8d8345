import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What a glob would not take as it is. */
const PATTERN_CHARACTER = /[*?[\]{}()!+@|\\]/g;

/** A path as it is meant where it stands: `~/logs` lies in the home folder, wherever no shell has said so. */
function pathFromHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** A path, or a pattern of paths, relative to a folder; what is absolute or an address stays as it is. */
export function pathBelow(folder: string, path: string): string {
  const meant = pathFromHome(path);
  if (folder === '.' || isAbsolute(meant) || /^([a-z][a-z0-9+.-]*:\/\/|s3[an]?:|file:)/i.test(meant))
    return meant;
  // A bracket in the folder's own name is no pattern.
  const isPattern = meant.search(PATTERN_CHARACTER) >= 0;
  return join(isPattern ? folder.replace(PATTERN_CHARACTER, '\\$&') : folder, meant);
}

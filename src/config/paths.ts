import { homedir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';

/** What a glob would not take as it is. */
const PATTERN_CHARACTER = /[*?[\]{}()!+@|\\]/g;

/** A path as it is meant where it stands: `~/logs` lies in the home folder, wherever no shell has said so. */
function pathFromHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

/** Whether a path means the same from any folder. */
function isFixed(path: string): boolean {
  return isAbsolute(path) || /^([a-z][a-z0-9+.-]*:\/\/|s3[an]?:|file:)/i.test(path);
}

/** A path as it is written in a file of that folder. */
export function pathFrom(folder: string, path: string): string {
  return isFixed(path) || path.startsWith('~') ? path : relative(folder, path) || '.';
}

/** A path relative to a folder; what is absolute or an address stays as it is. */
export function pathBelow(folder: string, path: string): string {
  const meant = pathFromHome(path);
  return folder === '.' || isFixed(meant) ? meant : join(folder, meant);
}

/** The same of what may be a pattern: a bracket in the folder's own name is not a pattern. */
export function patternBelow(folder: string, pattern: string): string {
  const isPattern = pattern.search(PATTERN_CHARACTER) >= 0;
  return pathBelow(isPattern ? folder.replace(PATTERN_CHARACTER, '\\$&') : folder, pattern);
}

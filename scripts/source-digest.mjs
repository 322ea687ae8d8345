// What dist/ is made from, as one number: tests compare it with what dist/ was made from, and so never run an older one.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = 'dist/.built-from';

/** The SHA-256 of every name and content that the build reads. */
export function sourceDigest(root) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((name) => statSync(join(root, name)).isFile())
    .sort();
  const hash = createHash('sha256');
  for (const name of ['scripts/build.mjs', 'tsconfig.json', ...sources]) {
    const content = readFileSync(join(root, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Whether dist/ is what the sources make. */
export function isFresh(root) {
  try {
    return readFileSync(join(root, STAMP), 'utf8') === sourceDigest(root);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

export const stampName = STAMP.slice('dist/'.length);

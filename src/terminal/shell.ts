import { printable } from './printable.ts';

/** A word as a shell takes it, quoted where it must be; what would drive the terminal stands as `$'\x1b'` (bash, zsh). */
export function shellWord(word: string): string {
  if (/^[\w./:=@%+,-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = [...word].map((character) => {
    if (/['\\]/.test(character)) return `\\${character}`;
    if (printable(character) === character) return character;
    return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `$'${escaped.join('')}'`;
}

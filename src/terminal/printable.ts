/** Characters that drive a terminal, change the order of text, or cannot be seen. */
const HIDDEN = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}`;
/**
 * In words of some scripts and in emoji, joiners and variation selectors do their work: they stay after a character
 * beyond ASCII that is itself seen.
 */
const JOINING = String.raw`(?<=[^\0-\x7f${HIDDEN}]\ufe0f?)[\u200c\u200d\ufe0e\ufe0f]`;
const HIDDEN_IN_TEXT = new RegExp(`(?!${JOINING})[${HIDDEN}]`, 'gu');
/** JSON is for programs too, so nothing is left as it is but the line ends between values. */
const HIDDEN_IN_JSON = new RegExp(`(?!\\n)[${HIDDEN}]`, 'gu');
/** Most text is, and this test is fast. */
const PLAIN = /^[ -~]*$/;
const PLAIN_JSON = /^[ -~\n]*$/;

/** Makes hidden characters visible, so that data cannot drive the terminal or pass for other data. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(HIDDEN_IN_TEXT, (character) => {
    const code = character.codePointAt(0) as number;
    if (character === '\n') return '⏎';
    if (code < 0x100) return `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
  });
}

/**
 * A value as JSON that is safe to print: hidden characters are written as \uXXXX, which reads back as the same text.
 * Each text in it goes through `safe` first.
 */
export function printableJson(value: unknown, indent?: number, safe?: (text: string) => string): string {
  const replace = (_: string, part: unknown): unknown =>
    safe !== undefined && typeof part === 'string' ? safe(part) : part;
  const text = JSON.stringify(value, safe === undefined ? undefined : replace, indent) ?? '';
  if (PLAIN_JSON.test(text)) return text;
  return text.replace(HIDDEN_IN_JSON, (character) =>
    [...Array(character.length).keys()].map((at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(''),
  );
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

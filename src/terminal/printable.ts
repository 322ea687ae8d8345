/** Makes control characters visible, so that data cannot drive the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this takes out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\n') return '⏎';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

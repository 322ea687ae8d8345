/** How this program is called: npm says to what it runs whether it is by npx. */
export function programOf(env: Readonly<Record<string, string | undefined>>): string {
  return env.npm_command === 'exec' || env.npm_lifecycle_event === 'npx' ? 'npx sparkify' : 'sparkify';
}

/** Writes hints, which call it `sparkify`, with the program as it is called here. */
export function hintsFor(program: string, commands: readonly string[]): (hint: string) => string {
  const call = new RegExp(`(?<!npx |[\\w/.:-])sparkify (?=(?:${commands.join('|')})\\b|<command>)`, 'g');
  return (hint) => hint.replaceAll(call, `${program} `);
}

import { UsageError } from '../errors.ts';
import type { Explanation } from '../lineage/explain.ts';
import { printable } from '../terminal/printable.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import { type Command, warehouseFlag } from './shared/command.ts';
import { withSources } from './shared/sources.ts';
import { withPublished } from './shared/warehouse.ts';

export const command: Command = {
  define(explain) {
    explain.argument('<songplay_id>', 'for example 818-5: session, hyphen, item in session');
    warehouseFlag(explain);
  },
  async run(context, flags, [songplayId = '']) {
    const { explain } = await import('../lineage/explain.ts');
    const explanation = await withPublished(context, flags, (warehouse, config) =>
      withSources(context, config, (open) => explain(songplayId, warehouse, (path) => open(path, true))),
    );
    if (!explanation) {
      throw new UsageError(`The warehouse holds no event ${songplayId}.`, {
        hint: 'A songplay_id is session_id-item_in_session: sparkify query "select songplay_id from songplays limit 5"',
      });
    }
    return { json: explanation, text: draw(songplayId, explanation) };
  },
};

function draw(songplayId: string, explanation: Explanation): string {
  const { songplay, event, provenance, user, song, artist, match, repeats } = explanation;
  const origin = provenance.flatMap(({ path, line, raw, missing, runId }) => [
    `${printable(path)}${line === null ? '' : `:${line}`}  (run ${runId})`,
    ...(missing === null ? [] : [`  ${line === null ? 'line not found: ' : ''}${printable(missing)}`]),
    ...(raw === null ? [] : [`  ${printable(raw)}`]),
  ]);
  const sections: [string, string[]][] = [
    [`songplay ${songplayId}`, songplay ? fields(songplay) : [`not in songplays: ${printable(match)}`]],
    ['match', songplay ? [printable(match)] : []],
    ['user', user ? fields(user) : []],
    ['song', song ? fields(song) : []],
    ['artist', artist ? fields(artist) : []],
    ['event, as staged', event ? fields(event) : []],
    ['came from', origin],
    ['other records with this key', repeats.map((row) => `${row.repeat}: ${printable(JSON.stringify(row))}`)],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join('\n'))
    .join('\n\n');
}

function fields(row: SqlRow): string[] {
  return Object.entries(row).map(([name, value]) => {
    const shown =
      value instanceof Date ? value.toISOString() : value === null ? 'NULL' : printable(String(value));
    return `${name.padEnd(17)}${shown}`;
  });
}

import pc from 'picocolors';
import { ANSWER_KEY_FILE, type AnswerKey } from '../answer-key/answer-key.ts';
import { faultCounts } from '../answer-key/compare.ts';
import type { MadeDataSet } from '../simulator/data-set.ts';
import { below } from '../simulator/output-location.ts';
import { isS3Address } from '../sources/s3-address.ts';
import { drawTable, formatBytes, formatCount, formatSeconds, plural } from './format.ts';
import { printable } from './printable.ts';
import { shellWord } from './shell.ts';

/** What `simulate` made, and what to do with it. */
export function drawDataSet(
  { status, key, redelivered }: MadeDataSet,
  { folder, seconds, program }: { folder: string; seconds: number; program: string },
): string {
  if (key === null) {
    return `${pc.green('Made')} a part in ${printable(folder)} in ${formatSeconds(seconds)}. The answer key comes with the last part.`;
  }
  const parts = [headline(status, key, folder, seconds), drawContents(key, folder), drawFaults(key)];
  if (key.events.lines > 0) parts.push(drawSteps(folder, redelivered, program));
  return parts.filter((part) => part !== '').join('\n\n');
}

/** What to do with the data; a warehouse of its own keeps it away from real ones. */
function drawSteps(folder: string, redelivered: number, program: string): string {
  const at = (...names: string[]): string => shellWord(below(folder, names.join('/')));
  const named = folder.replace(/\/+$/, '');
  const file = isS3Address(named) ? named.slice(named.lastIndexOf('/') + 1) : named;
  const warehouse = `--warehouse ${shellWord(`duckdb:${file}.duckdb`)}`;
  const steps: [string, string][] = [
    ['Load it', `${program} etl --log-data ${at('log_data')} --song-data ${at('song_data')} ${warehouse}`],
    ['Compare the result', `${program} check --against ${at(ANSWER_KEY_FILE)} ${warehouse}`],
  ];
  if (redelivered > 0) {
    const what = `Deliver ${plural(redelivered, 'file')} again, changed; then load and compare again`;
    const copy = isS3Address(folder) ? 'aws s3 cp --recursive' : 'cp -R';
    const all = isS3Address(folder) ? `${at('redelivery')}/` : `${at('redelivery')}/.`;
    steps.push([what, `${copy} ${all} ${shellWord(folder.replace(/\/+$/, ''))}/`]);
  }
  return steps.flatMap(([what, how]) => [what, `  ${pc.cyan(how)}`]).join('\n');
}

function headline(status: MadeDataSet['status'], key: AnswerKey, folder: string, seconds: number): string {
  if (status === 'unchanged')
    return `${pc.green('Unchanged.')} ${printable(folder)} holds this data set already.`;
  const { lines } = key.events;
  const speed = seconds > 0 ? `, ${formatCount(lines / seconds)} events a second` : '';
  const what = status === 'extended' ? 'Extended to' : 'Made';
  return `${pc.green(what)} ${plural(lines, 'event')} and ${plural(key.songs.lines, 'song')} in ${printable(folder)} in ${formatSeconds(seconds)}${speed}.`;
}

function drawContents(key: AnswerKey, folder: string): string {
  const row = (kind: 'log' | 'song', name: string): string[] => {
    const files = key.files.filter((file) => file.kind === kind);
    return [
      printable(below(folder, name)),
      formatCount(files.length),
      formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0)),
    ];
  };
  const files = drawTable(
    ['in', 'files', 'bytes'],
    [row('log', 'log_data'), row('song', 'song_data')],
    [false, true, true],
  );
  const { songplays, users, songs, artists, time } = key.tables;
  const tables = drawTable(
    ['a load gives', 'rows'],
    Object.entries({ songplays, users, songs, artists, time }).map(([name, rows]) => [
      name,
      formatCount(rows),
    ]),
    [false, true],
  );
  return `${files}\n\n${tables}`;
}

function drawFaults({ faults, events }: AnswerKey): string {
  if (faults.length === 0) return '';
  const counts = [...faultCounts(faults)].sort(([, a], [, b]) => b - a);
  const table = drawTable(
    ['planted', 'times'],
    counts.map(([name, count]) => [name, formatCount(count)]),
    [false, true],
  );
  return `${table}\n${plural(events.rejected, 'record')} must be refused, each by its line and rule.`;
}

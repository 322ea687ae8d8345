import pc from 'picocolors';
import type { Balance } from '../pipeline/balance.ts';
import type { MatchSummary } from '../pipeline/build/match.ts';
import type { CheckResult } from '../pipeline/check/check.ts';
import type { LoadSummary } from '../pipeline/record/load-summary.ts';
import { drawTable, formatBytes, formatCount, formatSeconds, formatShare, plural } from './format.ts';
import { printable } from './printable.ts';

const DRIFT_SHOWN = 20;

/** The load report that people read; `flags` are those that the commands which it names need. */
export function drawLoadSummary(
  report: LoadSummary,
  { isVerbose, program, flags = '' }: { isVerbose: boolean; program: string; flags?: string },
): string {
  const parts = [
    headline(report),
    ...(report.status === 'committed'
      ? [drawBalance(report), drawRejects(report, program, flags), drawRepeats(report)]
      : []),
    drawTables(report),
    drawFacts(report),
    drawFiles(report),
    drawFailures(report.checks.failures),
    ...(isVerbose ? [drawPhases(report)] : []),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function headline(report: LoadSummary): string {
  const { files } = report;
  const known = plural(files.unchanged + files.duplicate, 'known file');
  const took = formatSeconds(report.durationSeconds);
  if (report.status === 'unchanged' && files.unreadable > 0) {
    return `${pc.yellow('Unchanged,')} but ${plural(files.unreadable, 'file or folder', 'files or folders')} could not be read; ${known}, nothing else new. ${pc.dim(took)}`;
  }
  if (report.status === 'unchanged') {
    return `${pc.green('Unchanged.')} ${known}, nothing new; nothing was written. ${pc.dim(took)}`;
  }
  const came = [
    files.new > 0 ? plural(files.new, 'new file') : '',
    files.changed > 0 ? plural(files.changed, 'changed file') : '',
  ].filter((part) => part !== '');
  if (came.length === 0 && !report.fullRefresh && !report.rematched) {
    return `${pc.green('Noted')} new names of known files in ${printable(report.warehouse)}; the star is unchanged. ${pc.dim(took)}`;
  }
  const rebuilt = report.fullRefresh ? 'Built the star from scratch' : 'Matched the plays again';
  const what = came.length === 0 ? rebuilt : `Loaded ${came.join(' and ')} (${formatBytes(report.bytes)})`;
  const speed =
    report.eventsPerSecond === null ? '' : `, ${formatCount(report.eventsPerSecond)} events a second`;
  return `${pc.green(what)} into ${printable(report.warehouse)} in ${took}${speed}.`;
}

function drawBalance(report: LoadSummary): string {
  const row = (name: string, { lines, staged, rejected, blank }: Balance): string[] => [
    name,
    formatCount(lines),
    formatCount(staged),
    rejected > 0 ? pc.yellow(formatCount(rejected)) : '0',
    formatCount(blank),
  ];
  const rows = [row('events', report.events), row('songs', report.songs)].filter(
    ([, lines]) => lines !== '0',
  );
  if (rows.length === 0) return '';
  return drawTable(['came in', 'lines', '= staged', '+ rejected', '+ blank'], rows, [
    false,
    true,
    true,
    true,
    true,
  ]);
}

function drawRejects(report: LoadSummary, program: string, flags: string): string {
  if (report.rejects.length === 0) return '';
  const rows = report.rejects.map(({ rule, field, records, example }) => [
    rule,
    field === null ? '' : printable(field),
    formatCount(records),
    example,
  ]);
  const table = drawTable(['refused, by rule', 'field', 'records', 'an example'], rows, [
    false,
    false,
    true,
    false,
  ]);
  const [first] = report.rejects;
  return `${table}\n${pc.dim(`see one with: ${program} rejects show ${first?.example}${flags}`)}`;
}

function drawRepeats({ duplicates, conflicts }: LoadSummary): string {
  const lines = [
    sentence(
      duplicates.events,
      'exact repeat of an event',
      'exact repeats of events',
      'each event is kept once',
    ),
    sentence(
      conflicts.events,
      'conflicting event',
      'conflicting events',
      'same key as a different event; the earliest stays, see ops.repeated_events',
    ),
    sentence(duplicates.songs, 'exact repeat of a song', 'exact repeats of songs', 'each song is kept once'),
    sentence(
      conflicts.songs,
      'conflicting song',
      'conflicting songs',
      'a different song has the same id; one was kept; see ops.repeated_songs',
    ),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function sentence(count: number, one: string, many: string, then: string): string {
  return count === 0 ? '' : `${plural(count, one, many)}: ${then}`;
}

function drawTables(report: LoadSummary): string {
  const changed = (count: number): string => (count === 0 ? pc.dim('0') : formatCount(count));
  const rows = Object.entries(report.tables).map(([name, { rows: count, inserted, updated, deleted }]) => [
    name,
    formatCount(count),
    changed(inserted),
    changed(updated),
    changed(deleted),
  ]);
  return drawTable(['the star', 'rows', 'inserted', 'updated', 'deleted'], rows, [
    false,
    true,
    true,
    true,
    true,
  ]);
}

function drawFacts(report: LoadSummary): string {
  const { checks } = report;
  const checked =
    checks.failed > 0
      ? `${checks.passed} passed, ${pc.red(`${checks.failed} failed`)}`
      : `${checks.passed} passed`;
  const facts: [string, string][] = [
    [
      'events',
      report.eventsFrom === null
        ? 'none yet'
        : `${minute(report.eventsFrom)} to ${minute(report.eventsTo)} UTC`,
    ],
    ['match', drawMatch(report.match)],
    ...(report.status === 'committed' ? ([['checks', checked]] as [string, string][]) : []),
    ...report.drift
      .slice(0, DRIFT_SHOWN)
      .map(({ kind, change, key, records, files }): [string, string] => [
        'drift',
        `${pc.yellow(`${change} key`)} ${printable(key)} in ${plural(records, `${kind} record`)} of ${plural(files, 'file')}`,
      ]),
    ...(report.drift.length > DRIFT_SHOWN
      ? ([['drift', `and ${formatCount(report.drift.length - DRIFT_SHOWN)} more keys; see ops.drift`]] as [
          string,
          string,
        ][])
      : []),
  ];
  return facts.map(([name, value]) => `${pc.dim(name.padEnd(8))}${value}`).join('\n');
}

/** The match rate in a sentence, with the misses by reason below it. */
export function drawMatch({ plays, matched, rate, misses }: MatchSummary): string {
  if (rate === null) return 'no plays yet';
  const reasons = [
    [misses.artistUnknown, 'by an artist who is not in the catalogue'],
    [misses.titleUnknown, 'with a title that is not in the catalogue for that artist'],
    [misses.durationDiffers, 'where only the duration differs'],
  ] as const;
  const missed = reasons
    .filter(([count]) => count > 0)
    .map(([count, why]) => `\n${' '.repeat(8)}${formatCount(count)} ${why}`);
  return `${formatCount(matched)} of ${plural(plays, 'play')} found ${matched === 1 ? 'its' : 'their'} song (${formatShare(rate)})${missed.join('')}`;
}

function drawFiles({ files, status }: LoadSummary): string {
  const lines = [
    ...files.named.changed.map((path) => `changed   ${printable(path)}`),
    ...files.named.duplicate.map(
      ({ path, of }) => `duplicate ${printable(path)} is ${printable(of)} again; loaded once`,
    ),
    ...files.named.vanished.map((path) => `${pc.yellow('vanished')}  ${printable(path)}; its rows stay`),
    ...files.named.unreadable.map(
      ({ path, reason }) =>
        `${pc.red('unread')}    ${printable(path)}: ${printable(reason)}; the next load tries again`,
    ),
    ...(status === 'committed'
      ? files.named.skipped.map((path) => `skipped   ${printable(path)}; not a .json, .jsonl or .ndjson file`)
      : []),
  ];
  const all =
    files.changed +
    files.vanished +
    files.unreadable +
    (status === 'committed' ? files.skipped : 0) +
    files.named.duplicate.length;
  const more = all > lines.length ? [pc.dim(`and ${formatCount(all - lines.length)} more`)] : [];
  return [...lines, ...more].join('\n');
}

/** Failed checks with their first rows. */
function drawFailures(failures: readonly CheckResult[]): string {
  return failures
    .map(({ claim, failures: count, sample }) => {
      const rows = sample.map((row) => `        ${printable(JSON.stringify(row))}`);
      return [`${pc.red('failed')}  it is not true that ${claim}: ${plural(count, 'row')}`, ...rows].join(
        '\n',
      );
    })
    .join('\n');
}

function drawPhases({ phases }: LoadSummary): string {
  const rows = Object.entries(phases).map(([phase, seconds]) => [phase, formatSeconds(seconds)]);
  return drawTable(['phase', 'took'], rows, [false, true]);
}

function minute(iso: string | null): string {
  return (iso ?? '').replace('T', ' ').slice(0, 16);
}

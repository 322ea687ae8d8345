import { ANSWER_KEY_FILE } from '../answer-key/answer-key.ts';
import type { MadeDataSet } from '../simulator/data-set.ts';
import { defaultRates } from '../simulator/faults.ts';
import { below } from '../simulator/output-location.ts';
import { predict } from '../simulator/prediction.ts';
import { type Settings, defaultSettings as usual } from '../simulator/settings.ts';
import { isS3Address } from '../sources/s3-address.ts';
import { drawDataSet } from '../terminal/data-set.ts';
import { formatBytes, plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import type { Command, Context, Result } from './shared/command.ts';
import { makeWithProgress } from './shared/make-data.ts';
import { s3OptionsOf } from './shared/sources.ts';
import { dayIn, faults, MOST_SINGLE_SONGS, partOf, refuse, settingsOf, threadsOf } from './simulate-flags.ts';

export const command: Command = {
  isMadeUp: true,
  define(simulate) {
    simulate
      .option(
        '--out <folder>',
        'an empty or a new folder, or s3://bucket/prefix; - writes the events to stdout',
        'simulated',
      )
      .option('--users <number>', `users at the start (default: ${usual.users})`)
      .option('--days <number>', `days of logs (default: ${usual.days})`)
      .option('--from <date>', `the first day, in UTC (default: ${usual.from}; with --live today)`)
      .option('--events <number>', 'about this many events; computes the users, or with --users the days')
      .option('--size <bytes>', 'about this much log data: 500MB, 1GB')
      .option('--songs <number>', 'songs in the catalogue, 71 to 1,000,000', String(usual.songs))
      .option(
        '--match-share <share>',
        'share of the plays whose song is in the catalogue',
        String(usual.matchShare),
      )
      .option('--seed <number>', 'the same seed makes the same bytes', String(usual.seed))
      .option(
        '--profile <name>',
        'classic: the 13 pages of the real logs; full: adverts, thumbs, friends, playlists, cancellation',
        usual.profile,
      )
      .option('--growth <share>', 'users who join in a year, as a share', String(usual.growth))
      .option('--attrition <share>', 'users who leave in a year, as a share', String(usual.attrition))
      .option(
        '--format <name>',
        'app: byte for byte like the real files; ndjson: plain UTF-8; eventsim: the order of its keys',
        usual.format,
      )
      .option(
        '--song-files <layout>',
        `single: one song a file; packed (default: single up to ${MOST_SINGLE_SONGS.toLocaleString('en-US')} songs)`,
      )
      .option('--gzip', 'compress every file')
      .option('--dirty [rates]', 'plant faults, at the default rates or at late=0.01,truncated=0.2,…')
      .option(
        '--part <k/N>',
        'make the k-th of N parts; all parts together are the complete data set, byte for byte',
      )
      .option('--workers <number>', 'threads; the bytes are the same for any number')
      .option('--day <date>', 'with --out -: the events of one day')
      .option('--dry-run', 'print what would be made and write nothing')
      .option('--live', 'write events as they happen, until Ctrl-C; the same command continues later')
      .option('--speed <factor>', 'with --live: this many times as fast: 60x')
      .option('--rate <events>', 'with --live: this many events a second, whatever their times: 500/s')
      .option('--roll <seconds>', 'with --live: close a file after this time (default: 60)')
      .option('--limit <events>', 'with --live: stop after this many events');
    simulate.addHelpText(
      'after',
      `
Faults for --dirty, with their default rates (of events, or of files):
${faults.map((name) => `  ${name.padEnd(18)}${defaultRates[name]}`).join('\n')}

Examples:
  sparkify simulate --out simulated
  sparkify simulate --out big --size 1GB --songs 20000
  sparkify simulate --out dirty --users 1000 --dirty
  sparkify etl --log-data dirty/log_data --song-data dirty/song_data
  sparkify check --against dirty/manifest.json`,
    );
  },
  async run(context, flags) {
    if (flags.live === true) {
      const { live } = await import('./simulate-live.ts');
      return live(context, flags);
    }
    refuse(flags, ['speed', 'rate', 'roll', 'limit'], 'needs --live');
    const settings = settingsOf(flags);
    const part = partOf(flags.part);
    const threads = threadsOf(flags.workers);
    if (flags.out === '-') {
      refuse(
        flags,
        ['dryRun', 'part', 'gzip', 'json', 'songFiles', 'workers'],
        'cannot be used with --out -',
      );
      return toStdout(context, settings, flags.day === undefined ? null : dayIn(settings, String(flags.day)));
    }
    refuse(flags, ['day'], 'needs --out -');
    const folder = String(flags.out);
    const address = { out: folder, s3: isS3Address(folder) ? s3OptionsOf(await context.config(flags)) : {} };
    if (flags.dryRun === true) {
      const { openLocation } = await import('../simulator/open-location.ts');
      const { inspectLocation } = await import('../simulator/existing-data-set.ts');
      const place = await openLocation(address);
      const { state } = await inspectLocation(place, settings, part).finally(() => place.close());
      const prediction = predict(settings);
      const { sessions, events } = prediction;
      const each = sessions === 0 ? '' : ` of ${(events / sessions).toFixed(1)} events each`;
      return {
        json: { status: 'planned', folder, state, settings, prediction },
        text: `This would make ${about(settings)} in ${printable(folder)}: ${plural(sessions, 'session')}${each}. Nothing was written.`,
      };
    }
    const began = context.nowMs();
    const share = part === null ? '' : `part ${part.part} of ${part.of} of `;
    const note = `Making ${share}${about(settings)} in ${folder}.`;
    const made = await makeWithProgress(context, settings, { address, threads, part, note });
    const seconds = (context.nowMs() - began) / 1000;
    return {
      json: { ...summary(made, folder), seconds },
      text: drawDataSet(made, { folder, seconds, program: context.program }),
    };
  },
};

/** What a data set will come to, in a sentence. */
function about(settings: Settings): string {
  const { events, users, logBytes, songBytes } = predict(settings);
  const joining = users - (settings.users.at(-1) as number);
  const people = `${plural(users - joining, 'user')}${joining > 0 ? ` and ${joining.toLocaleString('en-US')} who join them` : ''}`;
  return `about ${plural(events, 'event')} of ${people} on ${plural(settings.days, 'day')} (${formatBytes(logBytes)}) and ${plural(settings.songs, 'song')} (${formatBytes(songBytes)})`;
}

/** All events, day by day, to a pipe. */
async function toStdout(context: Context, settings: Settings, day: number | null): Promise<Result> {
  const { streamEvents } = await import('../simulator/stream.ts');
  await streamEvents(settings, day, (text) => context.write(text));
  return { json: undefined, text: '' };
}

function summary(made: MadeDataSet, folder: string) {
  const { key } = made;
  return {
    status: made.status,
    folder,
    settings: made.settings,
    answerKey: key === null ? null : below(folder, ANSWER_KEY_FILE),
    files: key?.files.length ?? null,
    events: key?.events ?? null,
    songs: key?.songs ?? null,
    tables: key?.tables ?? null,
    faults: key?.faults.length ?? null,
    redeliveredFiles: made.redelivered,
  };
}

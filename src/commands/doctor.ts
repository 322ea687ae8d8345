import { dirname } from 'node:path';
import pc from 'picocolors';
import type { Config } from '../config/config.ts';
import { UnreadableFileError } from '../errors.ts';
import type { Source, SourceFile, Unreadable } from '../sources/source.ts';
import { formatBytes, plural } from '../terminal/format.ts';
import { printable } from '../terminal/printable.ts';
import { shellWord } from '../terminal/shell.ts';
import { badFrom, type Diagnosis, good } from '../warehouses/diagnosis.ts';
import { type Command, type Context, several, warehouseFlag } from './shared/command.ts';
import { withSources } from './shared/sources.ts';
import { warehouseAddress, withPublished } from './shared/warehouse.ts';

const NAMES_SHOWN = 5;

export const command: Command = {
  define(doctor) {
    doctor
      .option('--log-data <place>', 'activity logs; may be given several times', several)
      .option('--song-data <place>', 'song files; may be given several times', several);
    warehouseFlag(doctor);
    doctor.addHelpText('after', '\nExit codes: 0 a load can run, 1 something prevents it.');
  },
  async run(context, flags) {
    const config = await context.config(flags);
    const { examine, warehouseFiles } = await import('../warehouses/open.ts');
    const place = warehouseAddress(config);
    const found: Diagnosis[] = [
      checkNode(),
      checkConfig(config),
      ...(await checkSecrets(config)),
      ...(await checkSources(context, config, 'log data')),
      ...(await checkSources(context, config, 'song data')),
      ...(await checkDisk(warehouseFiles(place)[0])),
      ...(await examine(place, {
        nowMs: context.nowMs,
        reads: { logs: config.logPlaces, songs: config.songPlaces },
        isForGroup: config.fileMode === '640',
        readPublished: (work) => withPublished(context, flags, work, { asksWhole: true }),
      })),
    ];
    const findings = found.map(({ what, status, detail, fix }) => ({
      what,
      status,
      detail: context.withoutSecrets(detail),
      fix: fix === null ? null : context.asCalled(context.withoutSecrets(asText(fix))),
    }));
    const isBad = findings.some(({ status }) => status === 'bad');
    return {
      json: { status: isBad ? 'bad' : 'good', findings },
      text: findings.map(draw).join('\n'),
      exitCode: isBad ? 1 : 0,
    };
  },
};

function asText(fix: string | readonly string[]): string {
  return typeof fix === 'string' ? fix : fix.map(shellWord).join(' ');
}

function draw({ what, status, detail, fix }: Diagnosis & { readonly fix: string | null }): string {
  const mark = { good: pc.green('good'), note: pc.yellow('note'), bad: pc.red('bad ') }[status];
  const fixes = fix === null ? [] : fix.split('\n').map((line) => `\n${' '.repeat(20)}${printable(line)}`);
  return `${mark}  ${what.padEnd(14)}${printable(detail)}${fixes.join('')}`;
}

function checkNode(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return good('Node', process.versions.node);
  return { what: 'Node', status: 'bad', detail: process.versions.node, fix: 'Install Node 20.19 or later.' };
}

function checkConfig(config: Config): Diagnosis {
  const read = Object.entries(config.origins).map(([name, origin]) => `${name} from ${origin}`);
  if (config.file === null && read.length === 0) {
    return {
      what: 'configuration',
      status: 'note',
      detail: 'no dwh.cfg, nothing in the environment',
      fix: 'sparkify init writes one.',
    };
  }
  return good('configuration', read.length === 0 ? `${config.file} sets nothing` : read.join(', '));
}

/** A file that holds a password or a key is for its owner alone. */
async function checkSecrets({ file }: Config): Promise<Diagnosis[]> {
  if (file === null || process.platform === 'win32') return [];
  const { stat } = await import('node:fs/promises');
  const { secretKeys } = await import('../config/secret-keys.ts');
  const keys = await secretKeys(file);
  const mode = (await stat(file)).mode & 0o777;
  if (keys.length === 0 || (mode & 0o077) === 0) return [];
  return [
    {
      what: 'file modes',
      status: 'note',
      detail: `others can read ${file} (mode ${mode.toString(8)}), which holds ${keys.join(', ')}`,
      fix: ['chmod', '600', file],
    },
  ];
}

async function checkSources(
  context: Context,
  config: Config,
  what: 'log data' | 'song data',
): Promise<Diagnosis[]> {
  const places = what === 'log data' ? config.logPlaces : config.songPlaces;
  if (places.length > 0) return Promise.all(places.map((place) => checkSource(context, config, what, place)));
  const fix = `Set ${what === 'log data' ? 'LOG_DATA' : 'SONG_DATA'} in dwh.cfg, or give the flag.`;
  return [{ what, status: 'note', detail: 'not set', fix }];
}

async function checkSource(
  context: Context,
  config: Config,
  what: 'log data' | 'song data',
  place: string,
): Promise<Diagnosis> {
  try {
    return await withSources(context, config, async (open) => {
      const source = open(place);
      const { files, skipped, unreadable } = await source.list();
      const asked = source.isLocal ? files : files.filter((file) => file.bytes > 0).slice(0, 1);
      const refused = await closedFiles(source, asked);
      const closed = [...unreadable, ...refused];
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const also = skipped.length > 0 ? `; ${plural(skipped.length, 'other file')} skipped` : '';
      const detail = `${plural(files.length, 'file')}, ${formatBytes(bytes)} in ${place}${also}`;
      if (closed.length === 0) return good(what, detail);
      const shown = closed.slice(0, NAMES_SHOWN).map(({ path, reason }) => `${path}: ${reason}`);
      const more = closed.length > shown.length ? [`and ${closed.length - shown.length} more`] : [];
      return {
        what,
        status: refused.length === asked.length ? 'bad' : 'note',
        detail: `${detail}; ${plural(closed.length, 'file or folder', 'files or folders')} cannot be read, and a load skips them`,
        fix: [...shown, ...more].join('\n'),
      };
    });
  } catch (error) {
    return badFrom(what, error);
  }
}

/** Those of these files that cannot be read, of files on this machine by their rights, of objects by trying. */
async function closedFiles(source: Source, files: readonly SourceFile[]): Promise<Unreadable[]> {
  if (source.isLocal) {
    const { closedAmong } = await import('../sources/local-listing.ts');
    return closedAmong(files);
  }
  const closed: Unreadable[] = [];
  for (const file of files) {
    try {
      for await (const _chunk of source.open(file)) break;
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      const { path, reason, hint } = error;
      closed.push({ path, reason: hint === undefined ? reason : `${reason}. ${hint}` });
    }
  }
  return closed;
}

/** Whether there is room for the files of a warehouse on this machine. */
async function checkDisk(file: string | undefined): Promise<Diagnosis[]> {
  if (file === undefined) return [];
  const { statfs } = await import('node:fs/promises');
  try {
    const folder = dirname(file);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (free > 1e9) return [good('disk', `${formatBytes(free)} free in ${folder}`)];
    return [
      {
        what: 'disk',
        status: 'note',
        detail: `only ${formatBytes(free)} free in ${folder}`,
        fix: 'A load needs about twice the size of the warehouse.',
      },
    ];
  } catch (error) {
    return [badFrom('disk', error)];
  }
}

import type { FileKey } from '../answer-key/answer-key.ts';
import { dayOf } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import type { OpenWriter } from './file-writer.ts';
import { type MadeDays, makeDays } from './make-days.ts';
import { makeSongs } from './make-songs.ts';
import type { Population } from './population.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';
import { populationOf, worldOf } from './world.ts';

/** A part of a data set that can be made by itself, in any thread. */
export type Task =
  | {
      readonly kind: 'days';
      readonly firstUser: number;
      readonly lastUser: number;
      readonly firstDay: number;
      readonly days: number;
    }
  | { readonly kind: 'songs'; readonly from: number; readonly to: number };

export type Made =
  | { readonly kind: 'days'; readonly lastUser: number; readonly made: MadeDays }
  | { readonly kind: 'songs'; readonly made: FileKey[] };

/** Does tasks of one data set; keeps the users of the last range, since the next task is often of the same. */
export function taskRunner(
  settings: Settings,
  catalogue: Catalogue,
  { open, filesAtOnce }: { readonly open: OpenWriter; readonly filesAtOnce: number },
): (task: Task, onProgress: (amount: number) => void) => Promise<Made> {
  const { seed, rates, gzip } = settings;
  let users: { firstUser: number; population: Population } | null = null;
  return async (task, onProgress) => {
    if (task.kind === 'songs') {
      const { from, to } = task;
      const form = recordForms[settings.format];
      const request = { seed, form, from, to, layout: settings.songFiles, isPacked: gzip, filesAtOnce, open };
      return { kind: 'songs', made: await makeSongs(request, onProgress) };
    }
    const { firstUser, lastUser, firstDay, days } = task;
    if (users?.firstUser !== firstUser) {
      users = { firstUser, population: populationOf(settings, firstUser, lastUser) };
    }
    const made = await makeDays(
      {
        model: worldOf(settings, catalogue, users.population),
        firstUser,
        lastUser,
        firstDay,
        days,
        lastDay: (dayOf(settings.from) as number) + settings.days - 1,
        rates,
        isPacked: gzip,
        keepsTimes: settings.users.length > 1,
        open,
      },
      onProgress,
    );
    return { kind: 'days', lastUser, made };
  };
}

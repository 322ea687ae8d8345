import type { FileKey } from '../answer-key/answer-key.ts';
import { dayOf } from './calendar.ts';
import type { Catalogue } from './catalogue.ts';
import type { OpenWriter } from './file-writer.ts';
import { type MadeDays, makeDays } from './make-days.ts';
import { makeSongs } from './make-songs.ts';
import { makePopulation, type Population } from './population.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';
import { makeTaste } from './taste.ts';

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
  | { readonly kind: 'days'; readonly made: MadeDays }
  | { readonly kind: 'songs'; readonly made: FileKey[] };

/** Does tasks of one data set; keeps the users of the last range, since the next task is often of the same. */
export function taskRunner(
  settings: Settings,
  catalogue: Catalogue,
  open: OpenWriter,
): (task: Task, onProgress: (amount: number) => void) => Promise<Made> {
  const { seed, profile, growth, attrition, rates, gzip } = settings;
  const fromDay = dayOf(settings.from) as number;
  const form = recordForms[settings.format];
  const taste = makeTaste(catalogue, seed, settings.matchShare);
  let users: { firstUser: number; population: Population } | null = null;
  return async (task, onProgress) => {
    if (task.kind === 'songs') {
      const { from, to } = task;
      const made = await makeSongs(
        { seed, form, from, to, layout: settings.songFiles, isPacked: gzip, open },
        onProgress,
      );
      return { kind: 'songs', made };
    }
    const { firstUser, lastUser, firstDay, days } = task;
    if (users?.firstUser !== firstUser) {
      const request = { seed, fromDay, days: settings.days, firstUser, lastUser, growth, attrition };
      users = { firstUser, population: makePopulation(request) };
    }
    const { population } = users;
    const made = await makeDays(
      {
        model: { seed, profile, fromDay, population, catalogue, taste, form },
        firstUser,
        lastUser,
        firstDay,
        days,
        lastDay: fromDay + settings.days - 1,
        rates,
        isPacked: gzip,
        keepsTimes: settings.users.length > 1,
        open,
      },
      onProgress,
    );
    return { kind: 'days', made };
  };
}

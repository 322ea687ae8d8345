import { dayOf } from './calendar.ts';
import { makeCatalogue } from './catalogue.ts';
import type { Writer } from './file-writer.ts';
import { makeDays, REDELIVERY } from './make-days.ts';
import { makePopulation } from './population.ts';
import { recordForms } from './record-form.ts';
import type { Settings } from './settings.ts';
import { makeTaste } from './taste.ts';

/** Writes all events as lines, day by day, as fast as `write` takes them; the songs are left out. */
export async function streamEvents(
  settings: Settings,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const { seed, profile, growth, attrition, days, rates } = settings;
  const fromDay = dayOf(settings.from) as number;
  // Each day is a file of its own, whose last line would stick to the next one's first.
  const form = { ...recordForms[settings.format], endsLastLine: true };
  const catalogue = makeCatalogue(seed, settings.songs, form);
  const lastUser = settings.users.at(-1) as number;
  const population = makePopulation({ seed, fromDay, days, firstUser: 1, lastUser, growth, attrition });
  await makeDays(
    {
      model: {
        seed,
        profile,
        fromDay,
        population,
        catalogue,
        taste: makeTaste(catalogue, seed, settings.matchShare),
        form,
      },
      firstUser: 1,
      lastUser,
      firstDay: fromDay,
      days,
      lastDay: fromDay + days - 1,
      rates,
      isPacked: false,
      keepsTimes: false,
      // What would be delivered a second time comes once only.
      open: async (path) => lineWriter(path.startsWith(REDELIVERY) ? async () => {} : write),
    },
    () => {},
  );
}

/** A file that is a part of a stream. */
function lineWriter(write: (text: string) => Promise<void>): Writer {
  let last = Promise.resolve();
  return {
    write(block) {
      const text = Buffer.from(block).toString('utf8');
      last = last.then(() => write(text));
    },
    ready: () => last,
    async end() {
      await last;
      return { bytes: 0, sha256: '' };
    },
    abandon: async () => {},
  };
}

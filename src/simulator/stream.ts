import { dayOf } from './calendar.ts';
import type { Writer } from './file-writer.ts';
import { makeDays } from './make-days.ts';
import type { Settings } from './settings.ts';
import { catalogueOf, populationOf, worldOf } from './world.ts';

/** Writes the events of all days, or of one, as lines, as fast as `write` takes them; the songs are left out. */
export async function streamEvents(
  settings: Settings,
  onlyDay: number | null,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const { days } = settings;
  const fromDay = dayOf(settings.from) as number;
  const lastUser = settings.users.at(-1) as number;
  const world = worldOf(settings, catalogueOf(settings), populationOf(settings, 1, lastUser));
  // What affects complete files has no meaning in a stream.
  const rates =
    settings.rates === null ? null : { ...settings.rates, 'redelivered-file': 0, 'duplicate-file': 0 };
  await makeDays(
    {
      // Each day is a file of its own, whose last line would stick to the next one's first.
      model: { ...world, form: { ...world.form, endsLastLine: true } },
      firstUser: 1,
      lastUser,
      firstDay: onlyDay ?? fromDay,
      days: onlyDay === null ? days : 1,
      lastDay: fromDay + days - 1,
      rates,
      isPacked: false,
      keepsTimes: false,
      open: async () => lineWriter(write),
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

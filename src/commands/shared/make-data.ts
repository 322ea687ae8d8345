import { InterruptedError } from '../../errors.ts';
import type { MadeDataSet } from '../../simulator/data-set.ts';
import type { LocationAddress } from '../../simulator/open-location.ts';
import type { Part } from '../../simulator/part.ts';
import type { Settings } from '../../simulator/settings.ts';
import type { Context } from './command.ts';

export interface MakeRequest {
  readonly address: LocationAddress;
  readonly threads: number;
  readonly part: Part | null;
  /** Said once the work starts, if there is any. */
  readonly note: string | null;
}

const LEFT = 'run the same command again to finish the rest.';

/** Makes a data set with progress on the terminal; a signal ends it. */
export async function makeWithProgress(
  context: Context,
  settings: Settings,
  { note, ...request }: MakeRequest,
): Promise<MadeDataSet> {
  const { makeDataSet } = await import('../../simulator/data-set.ts');
  const { predict } = await import('../../simulator/prediction.ts');
  context.stopsByItself();
  const events = Math.round(predict(settings).events / (request.part?.of ?? 1));
  try {
    return await makeDataSet(settings, {
      ...request,
      signal: context.signal,
      onStart() {
        if (note !== null) context.console.note(note);
        context.console.observer.emit({
          type: 'stepStarted',
          step: 'simulate',
          total: events,
          unit: 'events',
        });
      },
      onTask(kind, amount) {
        if (kind === 'days') context.console.observer.emit({ type: 'progressed', amount });
      },
    });
  } catch (error) {
    const why: unknown = context.signal.reason;
    throw why instanceof InterruptedError ? new InterruptedError(why.signal, LEFT) : error;
  }
}

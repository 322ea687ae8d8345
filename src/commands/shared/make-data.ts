import { InterruptedError } from '../../errors.ts';
import type { MadeDataSet } from '../../simulator/data-set.ts';
import type { PlaceAddress } from '../../simulator/open-place.ts';
import type { Part } from '../../simulator/part.ts';
import type { Settings } from '../../simulator/settings.ts';
import type { Context } from './command.ts';

export interface MakeRequest {
  readonly address: PlaceAddress;
  readonly threads: number;
  readonly part: Part | null;
  /** Said once the work begins, if there is any. */
  readonly note: string | null;
}

const LEFT = 'the same command finishes what is there.';

/** Makes a data set with progress on the terminal; a signal ends it. */
export async function makeWithProgress(
  context: Context,
  settings: Settings,
  { note, ...request }: MakeRequest,
): Promise<MadeDataSet> {
  const { makeDataSet } = await import('../../simulator/data-set.ts');
  const { predict } = await import('../../simulator/prediction.ts');
  const events = Math.round(predict(settings).events / (request.part?.of ?? 1));
  try {
    return await makeDataSet(settings, {
      ...request,
      onStart(stop) {
        if (note !== null) context.voice.note(note);
        context.voice.step('simulate', events, 'events');
        context.onInterrupt(({ signal }) => stop(new InterruptedError(signal, LEFT)));
      },
      onTask(kind, amount) {
        if (kind === 'days') context.voice.advance(amount);
      },
    });
  } catch (error) {
    throw error instanceof InterruptedError ? new InterruptedError(error.signal, LEFT) : error;
  }
}

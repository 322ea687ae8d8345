import { LeaseError } from '../../errors.ts';
import type { Held } from '../lease.ts';

/** The lease of a database that another session holds; null where it is not known which. */
export function heldBy(name: string, holder: string | null): Held {
  const does = `being written by ${holder ?? 'another session'}`;
  const hint =
    'Wait for it to end, or give --wait-seconds SECONDS; if it hangs: select pg_terminate_backend(PID).';
  return { does, error: new LeaseError(`${name} is ${does}.`, { hint }) };
}

import type { FileKey } from '../answer-key/answer-key.ts';
import type { Delivery, MadeDays } from './make-days.ts';
import type { OutputLocation } from './output-location.ts';
import { type Part, partFiles } from './part.ts';
import type { Settings } from './settings.ts';
import type { Made } from './task.ts';

/** What a part keeps for the answer key of the complete data set. */
interface PartRecord extends Part {
  readonly format: 'sparkify part 1';
  readonly settings: Settings;
  readonly songs: readonly FileKey[];
  readonly days: readonly { readonly first: PackedDelivery; readonly final: PackedDelivery | null }[];
}

type PackedDelivery = Omit<Delivery, 'users'> & { readonly users: string };

/** A finished part's record, as text. */
export function partText(settings: Settings, part: Part, results: readonly Made[]): string {
  const record: PartRecord = {
    format: 'sparkify part 1',
    ...part,
    settings,
    songs: results.flatMap((result) => (result.kind === 'songs' ? result.made : [])),
    days: results.flatMap((result) => {
      if (result.kind !== 'days') return [];
      const { first, final } = result.made;
      return [{ first: pack(first), final: final === first ? null : pack(final) }];
    }),
  };
  return JSON.stringify(record);
}

/** A part's record in a text; null if it holds none. */
export function readPart(text: string | null): PartRecord | null {
  try {
    const record = JSON.parse(text ?? '') as PartRecord | null;
    return record?.format === 'sparkify part 1' ? record : null;
  } catch {
    return null;
  }
}

/** What all parts came to; null while one is missing, or has just been put together by another process. */
export async function readParts(
  place: OutputLocation,
  of: number,
): Promise<{ songs: FileKey[]; days: MadeDays[] } | null> {
  const records = await Promise.all(partFiles(of).map(async (file) => readPart(await place.read(file))));
  const found = records.filter((record) => record !== null);
  if (found.length < of) return null;
  return {
    songs: found.flatMap(({ songs }) => songs),
    days: found.flatMap(({ days }) =>
      days.map(({ first, final }): MadeDays => {
        const one = unpack(first);
        return { first: one, final: final === null ? one : unpack(final) };
      }),
    ),
  };
}

function pack(delivery: Delivery): PackedDelivery {
  const { buffer, byteOffset, byteLength } = delivery.users;
  return { ...delivery, users: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

function unpack(delivery: PackedDelivery): Delivery {
  const bytes = Uint8Array.from(Buffer.from(delivery.users, 'base64'));
  return { ...delivery, users: new Uint16Array(bytes.buffer) };
}

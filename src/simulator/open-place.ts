import { isS3Address } from '../sources/s3-address.ts';
import type { S3Options } from '../sources/s3-client.ts';
import { folderPlace } from './folder-place.ts';
import type { Place } from './place.ts';

/** How to open a place, in any thread. */
export interface PlaceAddress {
  /** A folder, or an s3: address. */
  readonly out: string;
  readonly s3: S3Options;
}

/** Opens a folder or a prefix in S3; makes nothing yet. */
export async function openPlace({ out, s3 }: PlaceAddress): Promise<Place> {
  if (!isS3Address(out)) return folderPlace(out);
  const { s3Place } = await import('./s3-place.ts');
  return s3Place(out, s3);
}

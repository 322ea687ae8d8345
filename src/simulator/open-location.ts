import { isS3Address } from '../sources/s3-address.ts';
import type { S3Options } from '../sources/s3-client.ts';
import { folderLocation } from './folder-location.ts';
import type { OutputLocation } from './output-location.ts';

/** How to open a place, in any thread. */
export interface LocationAddress {
  /** A folder, or an s3: address. */
  readonly out: string;
  readonly s3: S3Options;
}

/** Opens a folder or a prefix in S3; makes nothing yet. */
export async function openLocation({ out, s3 }: LocationAddress): Promise<OutputLocation> {
  if (!isS3Address(out)) return folderLocation(out);
  const { s3Location } = await import('./s3-location.ts');
  return s3Location(out, s3);
}

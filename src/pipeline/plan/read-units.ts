import type { Survey } from '../../reading/survey.ts';
import { listedIdentity } from '../../sources/content-identity.ts';
import type { SourceFile } from '../../sources/source.ts';
import type { FileIds } from '../file-ids.ts';

/** What the listing alone says of an object: its content is known by S3's ETag, its compression by its name. */
export function listedSurvey(file: SourceFile): Survey {
  return {
    file,
    sha256: listedIdentity(file),
    lines: 0,
    compression: file.path.endsWith('.gz') ? 'gzip' : file.path.endsWith('.zst') ? 'zstd' : 'none',
    isClean: false,
    damage: null,
    content: null,
  };
}

/** Puts files into read units, so many at most into each, and all of one compression; the id of a file's unit. */
export function unitAllocator(fileIds: FileIds, filesPerUnit: number): (survey: Survey) => number {
  const open = new Map<string, { readonly id: number; files: number }>();
  return ({ compression }) => {
    let unit = open.get(compression);
    if (unit === undefined || unit.files >= filesPerUnit) unit = { id: fileIds.take(), files: 0 };
    open.set(compression, unit);
    unit.files += 1;
    return unit.id;
  };
}

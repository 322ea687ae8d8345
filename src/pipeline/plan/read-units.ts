import type { Survey } from '../../reading/survey.ts';
import { listedIdentity } from '../../sources/content-identity.ts';
import type { SourceFile } from '../../sources/source.ts';

/** What the listing alone tells of an object: its content is known by S3's ETag, its compression by its name. */
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

/** Gives the ids of read units, one after the other. */
export interface FileIds {
  /** The first id that was not given. */
  readonly free: number;
  take(): number;
}

/** The ids from the first on that no content has yet. */
export function fileIdsFrom(first: number): FileIds {
  let free = first;
  return {
    get free() {
      return free;
    },
    take() {
      free += 1;
      return free - 1;
    },
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

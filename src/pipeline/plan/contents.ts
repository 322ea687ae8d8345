import type { Survey } from '../../reading/survey.ts';
import { isListed } from '../../sources/content-identity.ts';
import type { Source } from '../../sources/source.ts';
import { type Content, type DuplicateFile, keyOf } from './file-plan.ts';
import type { KnownFile } from './manifest-reader.ts';
import type { PlanInput } from './plan-input.ts';

/** The known contents that surveyed files have: by their bytes, and in S3 by size and ETag too, whoever read them. */
export async function knownContents(surveys: readonly Survey[], { known, source }: PlanInput) {
  const byIdentity = new Map<string, NamedContent>();
  const byObject = new Map<string, NamedContent>();
  const isObject = !source.isLocal;
  const rows = await known.withContents(surveys.map(({ sha256 }) => sha256));
  if (isObject) rows.push(...(await known.withFingerprints(surveys.map(({ file }) => file.fingerprint))));
  for (const { duplicate, bytes, file_id, sha256, path, fingerprint } of rows) {
    if (duplicate || bytes === 0) continue;
    const content = { fileId: file_id, sha256, path };
    byIdentity.set(sha256, content);
    if (isObject && fingerprint !== null) byObject.set(fingerprint, content);
  }
  return {
    find(found: Survey): NamedContent | undefined {
      const { fingerprint } = found.file;
      const object = byObject.get(fingerprint);
      const isSame = object !== undefined && isSameObject({ ...object, fingerprint }, found, source);
      return byIdentity.get(found.sha256) ?? (isSame ? object : undefined);
    },
    add({ sha256, file }: Survey, content: NamedContent): void {
      byIdentity.set(sha256, content);
      if (isObject) byObject.set(file.fingerprint, content);
    },
  };
}

interface NamedContent extends Content {
  readonly path: string;
}

/** Whether S3 says of an object what it said of a known one, where one of the two was never read here; else bytes decide. */
export function isSameObject(
  { sha256, fingerprint }: Pick<KnownFile, 'sha256' | 'fingerprint'>,
  found: Survey,
  { isLocal }: Source,
): boolean {
  return !isLocal && fingerprint === found.file.fingerprint && (isListed(sha256) || isListed(found.sha256));
}

/** The names from which the contents of new names have gone: a rename, one old name for each new one. */
export function movedNames(
  duplicates: readonly DuplicateFile[],
  vanished: readonly string[],
  contentOf: ReadonlyMap<string, Content>,
): string[] {
  const came = new Map<string, number>();
  for (const { fileId, survey } of duplicates) {
    const key = keyOf({ fileId, sha256: survey.sha256 });
    came.set(key, (came.get(key) ?? 0) + 1);
  }
  return vanished.filter((path) => {
    const content = contentOf.get(path);
    const key = content === undefined ? '' : keyOf(content);
    const left = came.get(key) ?? 0;
    if (left > 0) came.set(key, left - 1);
    return left > 0;
  });
}

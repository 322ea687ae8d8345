import type { Survey } from '../../reading/survey.ts';
import type { SourceFile, Unreadable } from '../../sources/source.ts';
import type { FileKind } from '../file-kinds.ts';

/** A content: the id of the unit that it was read in, alone or with others, and its own identity. */
export interface Content {
  readonly fileId: number;
  readonly sha256: string;
}

export function keyOf({ fileId, sha256 }: Content): string {
  return `${fileId} ${sha256}`;
}

/** `changed`: the name was known with another content; `again`: known and unchanged, its read unit is read again. */
export type WhyPlanned = 'new' | 'changed' | 'again';

/** A file whose content is to be loaded. */
export interface FileToLoad {
  /** The id of its read unit: other files have it too where the engine reads several at a time. */
  readonly fileId: number;
  readonly survey: Survey;
  readonly why: WhyPlanned;
}

/** A second name of a content. */
export interface DuplicateFile {
  readonly fileId: number;
  readonly survey: Survey;
  /** Another name of it; null where the content only moved from a name that has another content now. */
  readonly of: string | null;
  readonly why: WhyPlanned;
}

/** What one kind of files asks for. */
export interface FilePlan {
  readonly kind: FileKind;
  /** In the order of their ids. */
  readonly load: readonly FileToLoad[];
  readonly duplicates: readonly DuplicateFile[];
  /** Known names with the known content, counted; those that are second names are not among the unchanged. */
  readonly unchanged: number;
  readonly knownDuplicates: number;
  /** Known names with the known content under new times: what the manifest keeps of them is renewed. */
  readonly renewed: readonly SourceFile[];
  /** Names that vanished while their content came under another name: they are forgotten. */
  readonly moved: readonly string[];
  readonly vanished: readonly string[];
  /** Contents that no name has any more; their rows go. */
  readonly removedFileIds: readonly number[];
  /** New ids of damaged contents that are read again, and the ids that they had and get back. */
  readonly restoredIds: ReadonlyMap<number, number>;
  readonly skipped: readonly string[];
  /** Files and folders that could not be read; what is known of them stays. */
  readonly unreadable: readonly Unreadable[];
}

/** Whether the plan changes anything. */
export function isEmpty(plan: FilePlan): boolean {
  return plan.load.length === 0 && plan.duplicates.length === 0;
}

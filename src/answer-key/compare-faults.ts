import type { AnswerKey } from './answer-key.ts';
import type { Files } from './compare-files.ts';
import { add, type Found, type Reader, texts } from './facts.ts';

/** Records that are to be refused. */
export function expectedRejects(key: AnswerKey, files: Files): Found {
  const rejects = key.faults.flatMap(({ path, line, reject }) =>
    reject === undefined
      ? []
      : [{ name: files.originalOf(path), line, text: rejectText(reject.rule, reject.field) }],
  );
  return located(rejects, files);
}

/** Records that were refused. */
export async function readRejects(warehouse: Reader, files: Files): Promise<Found> {
  const rows = await warehouse.rows({
    name: 'answer key: rejects',
    sql: 'select file_id, line, rule, field from ops.rejects order by file_id, line',
  });
  const rejects = rows.map(({ file_id, line, rule, field }) => ({
    name: files.nameOf(Number(file_id)),
    line: Number(line),
    text: rejectText(String(rule), field === null ? null : String(field)),
  }));
  return located(rejects, files);
}

/** Rejects by their lines; those of a batch by their rule, and counted. */
function located(
  rejects: readonly { readonly name: string; readonly line: number | null; readonly text: string }[],
  files: Files,
): Found {
  const found = new Map<string, string>();
  for (const { name, line, text } of rejects) {
    if (!files.isBatch(name)) found.set(`${name}:${line}`, text);
    else found.set(`${name}, ${text}`, `${Number(found.get(`${name}, ${text}`) ?? 0) + 1}`);
  }
  return found;
}

function rejectText(rule: string, field: string | null): string {
  return field === null ? rule : `${rule} of ${field}`;
}

/** Events and songs that are to be set aside as repeats. */
export function expectedRepeats(key: AnswerKey): Found {
  const counts = new Map<string, number>();
  for (const { repeat } of key.faults) {
    if (repeat !== undefined) add(counts, `${repeat.as} of ${repeat.sessionId}-${repeat.item}`, 1);
  }
  return texts(counts);
}

/** Those that were set aside. */
export async function readRepeats(warehouse: Reader): Promise<Found> {
  const rows = await warehouse.rows({
    name: 'answer key: repeated events',
    sql: `select repeat, session_id, item_in_session, count(*) as events
     from ops.repeated_events group by repeat, session_id, item_in_session`,
  });
  const counts = new Map<string, number>();
  for (const { repeat, session_id, item_in_session, events } of rows) {
    add(counts, `${repeat} of ${session_id}-${item_in_session}`, Number(events));
  }
  const [songs] = await warehouse.rows({
    name: 'answer key: repeated songs',
    sql: 'select count(*) as songs from ops.repeated_songs',
  });
  add(counts, 'of songs', Number(songs?.songs));
  return texts(counts);
}

/** Keys that are not as declared, by file. */
export function expectedDrift(key: AnswerKey, files: Files): Found {
  const counts = new Map<string, number>();
  for (const { path, drift } of key.faults) {
    for (const { change, key: name } of drift ?? []) {
      add(counts, `${files.originalOf(path)}, ${change} key ${name}`, 1);
    }
  }
  for (const { path, missing } of key.files) {
    for (const [name, records] of Object.entries(missing ?? {})) {
      add(counts, `${files.originalOf(path)}, missing key ${name}`, records);
    }
  }
  return texts(counts);
}

/** Keys that were found otherwise than declared. */
export async function readDrift(warehouse: Reader, files: Files): Promise<Found> {
  const rows = await warehouse.rows({
    name: 'answer key: drift',
    sql: 'select file_id, change, key, records from ops.drift order by file_id',
  });
  const counts = new Map<string, number>();
  for (const { file_id, change, key, records } of rows) {
    add(counts, `${files.nameOf(Number(file_id))}, ${change} key ${key}`, Number(records));
  }
  return texts(counts);
}

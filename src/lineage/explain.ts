import { createHash } from 'node:crypto';
import { events } from '../models/staging/events.ts';
import { decompress } from '../reading/decompress.ts';
import { recordSplitter } from '../reading/records.ts';
import { columnNames } from '../schema/table.ts';
import { listedIdentity } from '../sources/content-identity.ts';
import type { Source, SourceFile } from '../sources/source.ts';
import type { SqlRow } from '../warehouses/statement.ts';
import type { Warehouse } from '../warehouses/warehouse.ts';

/** Where an event was found in a source file. */
interface Provenance {
  readonly path: string;
  readonly sha256: string;
  readonly runId: string;
  readonly loadedAt: string;
  /** The line, from 1; null where the file is gone or no longer holds the event. */
  readonly line: number | null;
  readonly raw: string | null;
  /** Why there is no line, or why it may not be the one that was loaded. */
  readonly missing: string | null;
}

/** Everything that is known of one row of songplays. */
export interface Explanation {
  readonly songplay: SqlRow | null;
  readonly event: SqlRow | null;
  readonly provenance: readonly Provenance[];
  readonly user: SqlRow | null;
  readonly song: SqlRow | null;
  readonly artist: SqlRow | null;
  /** Why it has this song, or none. */
  readonly match: string;
  /** Other records under the same key. */
  readonly repeats: readonly SqlRow[];
}

/** Traces a songplay back; null if the warehouse holds no such event. */
export async function explain(
  songplayId: string,
  warehouse: Pick<Warehouse, 'rows'>,
  openFile: (path: string) => Source,
): Promise<Explanation | null> {
  const key = /^(-?\d+)-(\d+)$/.exec(songplayId);
  if (!key) return null;
  const [sessionId, item] = [Number(key[1]), Number(key[2])];
  const one = async (of: string, sql: string, parameters: (string | number)[]): Promise<SqlRow | null> =>
    (await warehouse.rows({ name: `explain: ${of}`, sql, parameters }))[0] ?? null;
  const columns = columnNames(events).join(', ');
  const where = 'where session_id = $1 and item_in_session = $2';
  const event = await one('the event', `select ${columns} from staging.events ${where}`, [sessionId, item]);
  if (!event) return null;
  const songplay = await one(
    'the play',
    'select * from songplays where songplay_id = $1 and session_id = $2',
    [songplayId, sessionId],
  );
  const repeats = await warehouse.rows({
    name: 'explain: its repeats',
    sql: `select ${columns}, repeat from ops.repeated_events ${where}`,
    parameters: [sessionId, item],
  });
  const fileIds = [...new Set([event, ...repeats].map((row) => Number(row.file_id)))];
  const files = await warehouse.rows({
    name: 'explain: its files',
    sql: `select path, file_id, sha256, run_id, loaded_at from ops.files where file_id in (${fileIds.join(', ')}) order by path`,
  });
  const provenance: Provenance[] = [];
  for (const file of files) provenance.push(...(await locate(file, sessionId, item, openFile)));
  // Of the files of a batch, one holds the event; that the others do not have it is expected.
  const holding = provenance.filter(({ line }) => line !== null);
  return {
    songplay,
    event,
    provenance: holding.length > 0 && files.length > fileIds.length ? holding : provenance,
    user: await one('the user', 'select * from users where user_id = $1', [String(event.user_id)]),
    song: songplay?.song_id
      ? await one('the song', 'select * from songs where song_id = $1', [String(songplay.song_id)])
      : null,
    artist: songplay?.artist_id
      ? await one('the artist', 'select * from artists where artist_id = $1', [String(songplay.artist_id)])
      : null,
    match: await explainMatch(event, songplay, warehouse),
    repeats,
  };
}

async function locate(
  file: SqlRow,
  sessionId: number,
  item: number,
  openFile: (path: string) => Source,
): Promise<Provenance[]> {
  const known = {
    path: String(file.path),
    sha256: String(file.sha256),
    runId: String(file.run_id),
    loadedAt: (file.loaded_at as Date).toISOString(),
  };
  try {
    const { found, identities } = await findInFile(openFile(known.path), known.path, sessionId, item);
    const missing = identities.includes(known.sha256) ? null : 'the file has changed since it was loaded';
    if (found.length > 0) return found.map(({ line, raw }) => ({ ...known, line, raw, missing }));
    return [{ ...known, line: null, raw: null, missing: 'the file no longer holds this event' }];
  } catch (error) {
    return [{ ...known, line: null, raw: null, missing: (error as Error).message }];
  }
}

async function findInFile(
  source: Source,
  path: string,
  sessionId: number,
  item: number,
): Promise<{ found: { line: number; raw: string }[]; identities: readonly string[] }> {
  const { files } = await source.list();
  const file = files.find((candidate) => candidate.path === path);
  if (!file) return { found: [], identities: [] };
  const found: { line: number; raw: string }[] = [];
  const splitter = recordSplitter({
    record(line, text) {
      let record: Record<string, unknown> | null;
      try {
        record = JSON.parse(text);
      } catch {
        return false;
      }
      if (record?.sessionId === sessionId && record.itemInSession === item) found.push({ line, raw: text });
      return true;
    },
    broken() {},
    blank() {},
    isFull: () => false,
  });
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of source.open(file as SourceFile)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  for await (const chunk of decompress(hashed(), file.bytes)) for (const _pause of splitter.push(chunk));
  for (const _pause of splitter.end());
  return { found, identities: [hash.digest('hex'), listedIdentity(file)] };
}

async function explainMatch(
  event: SqlRow,
  songplay: SqlRow | null,
  warehouse: Pick<Warehouse, 'rows'>,
): Promise<string> {
  if (!songplay) return `not a play: its page is ${event.page}`;
  const artist = String(event.artist).replace(/ +$/, '');
  const title = String(event.song).replace(/ +$/, '');
  const keys = await warehouse.rows({
    name: 'explain: songs of its artist and title',
    sql: 'select song_id, spelling, duration from ops.song_keys where artist_name = $1 and title = $2 order by song_id',
    parameters: [artist, title],
  });
  if (songplay.song_id !== null) {
    const key = keys.find(({ song_id }) => song_id === songplay.song_id);
    const spelled = key?.spelling === 'own' ? '' : ` (in the spelling that was ${key?.spelling})`;
    return `title, artist and length are those of song ${songplay.song_id}${spelled}`;
  }
  if (keys.length > 0) {
    const durations = keys.map(({ duration }) => duration).join(', ');
    return `only the duration differs: the play lasts ${event.length} s, the catalogue's song ${durations} s`;
  }
  const [known] = await warehouse.rows({
    name: 'explain: songs of its artist',
    sql: 'select count(*) as songs from ops.song_keys where artist_name = $1',
    parameters: [artist],
  });
  if (Number(known?.songs) > 0) return `the catalogue has songs by ${artist}, but none titled ${title}`;
  return `the catalogue has no artist ${artist}`;
}

import type { FileKey } from '../answer-key/answer-key.ts';
import type { OpenWriter } from './file-writer.ts';
import type { RecordForm } from './record-form.ts';
import { songOf, songPath, songRecord } from './song.ts';

/** Songs in a packed file. */
export const SONGS_A_FILE = 10_000;

/** Song files to be made: a range of songs, one object a file or packed as lines. */
export interface SongsRequest {
  readonly seed: number;
  readonly form: RecordForm;
  readonly from: number;
  readonly to: number;
  readonly layout: 'single' | 'packed';
  readonly isPacked: boolean;
  /** Files that are written at a time. */
  readonly filesAtOnce: number;
  readonly open: OpenWriter;
}

/** Makes the files of the songs from `from` until before `to`. */
export async function makeSongs(request: SongsRequest, onSongs: (songs: number) => void): Promise<FileKey[]> {
  const { from, to, layout, filesAtOnce } = request;
  const step = layout === 'single' ? 1 : SONGS_A_FILE;
  const files: FileKey[] = [];
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to) {
      const [at, end] = [next, Math.min(to, next + step)];
      next = end;
      try {
        files[Math.floor((at - from) / step)] = await makeFile(request, at, end);
        onSongs(end - at);
      } catch (error) {
        // The other lanes end what they are at, and begin nothing new.
        next = to;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: filesAtOnce }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
  return files;
}

/** Makes one file of the songs from `at` until before `end`. */
async function makeFile(request: SongsRequest, at: number, end: number): Promise<FileKey> {
  const { seed, form, layout, isPacked } = request;
  const ending = isPacked ? '.json.gz' : '.json';
  const songs = Array.from({ length: end - at }, (_, nth) => songOf(seed, at + nth));
  const text = songs.map((song) => songRecord(song, form)).join('\n') + (form.endsLastLine ? '\n' : '');
  const name =
    layout === 'single'
      ? songPath(songs[0]?.trackId as string).replace(/\.json$/, ending)
      : `songs-${String(at / SONGS_A_FILE + 1).padStart(3, '0')}${ending}`;
  const path = `song_data/${name}`;
  const writer = await request.open(path);
  try {
    writer.write(Buffer.from(text));
    const { bytes, sha256 } = await writer.end();
    return { path, kind: 'song', bytes, sha256, lines: songs.length, staged: songs.length, rejected: 0 };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

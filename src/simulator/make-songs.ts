import type { FileKey } from '../answer-key/answer-key.ts';
import { songOf, songPath, songRecord } from './catalogue.ts';
import type { OpenWriter } from './file-writer.ts';
import type { RecordForm } from './record-form.ts';

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
  readonly open: OpenWriter;
}

/** Makes the files of the songs from `from` until before `to`. */
export async function makeSongs(request: SongsRequest, onSongs: (songs: number) => void): Promise<FileKey[]> {
  const { seed, form, from, to, layout, isPacked } = request;
  const ending = isPacked ? '.json.gz' : '.json';
  const files: FileKey[] = [];
  const step = layout === 'single' ? 1 : SONGS_A_FILE;
  for (let at = from; at < to; at += step) {
    const end = Math.min(to, at + step);
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
      files.push({
        path,
        kind: 'song',
        bytes,
        sha256,
        lines: songs.length,
        staged: songs.length,
        rejected: 0,
      });
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    onSongs(songs.length);
  }
  return files;
}

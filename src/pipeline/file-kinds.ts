import { repeatedEvents } from '../models/ops/repeated-events.ts';
import { repeatedSongs } from '../models/ops/repeated-songs.ts';
import { events } from '../models/staging/events.ts';
import { songs } from '../models/staging/songs.ts';
import type { Table } from '../schema/table.ts';

/** Where each kind of file goes. */
export const targets: Readonly<
  Record<FileKind, { staging: Table; repeated: Table; key: readonly string[] }>
> = {
  log: { staging: events, repeated: repeatedEvents, key: events.key },
  song: { staging: songs, repeated: repeatedSongs, key: songs.key },
};

export type FileKind = 'log' | 'song';

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface EventRecord {
  artist: string | null;
  auth: string;
  firstName: string | null;
  gender: string | null;
  itemInSession: number;
  lastName: string | null;
  length: number | null;
  level: string;
  location: string | null;
  method: string;
  page: string;
  registration: number | null;
  sessionId: number;
  song: string | null;
  status: number;
  ts: number;
  userAgent: string | null;
  userId: string;
}

export interface SongRecord {
  num_songs: number;
  artist_id: string;
  artist_latitude: number | null;
  artist_longitude: number | null;
  artist_location: string | null;
  artist_name: string | number;
  song_id: string;
  title: string | number;
  duration: number;
  year: number;
}

/** An event as the app writes it: a play of Undo by Björk, unless told otherwise. */
export function eventRecord(change: Partial<EventRecord> = {}): EventRecord {
  return {
    artist: 'Björk',
    auth: 'Logged In',
    firstName: 'Ada',
    gender: 'F',
    itemInSession: 0,
    lastName: 'Byrne',
    length: 200.5,
    level: 'free',
    location: 'Lansing, MI',
    method: 'PUT',
    page: 'NextSong',
    registration: 1540919166796,
    sessionId: 1,
    song: 'Undo',
    status: 200,
    ts: 1541106106796,
    userAgent: '"Mozilla/5.0 (X11; Linux x86_64)"',
    userId: '7',
    ...change,
  };
}

/** The play with this number in its session, a second after the one before. */
export function play(item: number, change: Partial<EventRecord> = {}): EventRecord {
  return eventRecord({ itemInSession: item, ts: 1541106106796 + item * 1000, ...change });
}

/** A visit of a page that plays nothing. */
export function pageRecord(page: string, change: Partial<EventRecord> = {}): EventRecord {
  return eventRecord({ page, artist: null, song: null, length: null, method: 'GET', ...change });
}

export function songRecord(change: Partial<SongRecord> = {}): SongRecord {
  return {
    num_songs: 1,
    artist_id: 'ARBJORK',
    artist_latitude: null,
    artist_longitude: null,
    artist_location: '',
    artist_name: 'Björk',
    song_id: 'SOUNDO',
    title: 'Undo',
    duration: 200.5,
    year: 2001,
    ...change,
  };
}

/** JSON lines as the app writes them: no newline at the end. */
export function jsonLines(records: readonly unknown[]): string {
  return records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n');
}

/** Writes files below a folder; returns the folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

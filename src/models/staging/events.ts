import { bigint, double, integer, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

/** The first instant that an event can have: 2000-01-01T00:00:00Z, in milliseconds. */
const EARLIEST_TS_MS = Date.UTC(2000, 0, 1);
const ONE_DAY_MS = 86_400_000;

/** What the app's log files said: one row per event, the first of its repeats. */
export const events = table({
  schema: 'staging',
  name: 'events',
  doc: 'The events of the app’s activity logs, unchanged. The star is built from here.',
  grain: 'One row per event (session_id, item_in_session); repeats are in ops.repeated_events.',
  key: ['session_id', 'item_in_session'],
  columns: {
    file_id: integer('The file that the event came from (ops.files).'),
    artist: text.nullable('The artist’s name, on plays.', { maxBytes: 1024, from: { key: 'artist' } }),
    auth: text.nullable('Whether the user was logged in.', { maxBytes: 64, from: { key: 'auth' } }),
    first_name: text.nullable('The user’s first name.', { maxBytes: 256, from: { key: 'firstName' } }),
    gender: text.nullable('The user’s gender as registered.', { maxBytes: 16, from: { key: 'gender' } }),
    item_in_session: bigint('The event’s number within its session, from 0.', {
      from: { key: 'itemInSession', required: true, min: 0 },
    }),
    last_name: text.nullable('The user’s last name.', { maxBytes: 256, from: { key: 'lastName' } }),
    length: double.nullable('The song’s length in seconds, on plays.', { from: { key: 'length', min: 0 } }),
    level: text('The user’s subscription at the time of the event.', {
      values: ['free', 'paid'],
      maxBytes: 16,
      from: { key: 'level', required: true },
    }),
    location: text.nullable('The user’s metropolitan area.', { maxBytes: 512, from: { key: 'location' } }),
    method: text.nullable('The HTTP method of the request.', { maxBytes: 16, from: { key: 'method' } }),
    page: text('The page of the app; NextSong is a play.', {
      maxBytes: 64,
      from: { key: 'page', required: true },
    }),
    registration: double.nullable('When the user registered, milliseconds since 1970 in UTC.', {
      from: { key: 'registration' },
    }),
    session_id: bigint('The session’s number.', { from: { key: 'sessionId', required: true, min: 0 } }),
    song: text.nullable('The song’s title, on plays.', { maxBytes: 1024, from: { key: 'song' } }),
    status: bigint.nullable('The HTTP status of the response.', { from: { key: 'status' } }),
    ts: bigint('When the event happened, milliseconds since 1970 in UTC.', {
      from: { key: 'ts', required: true, min: EARLIEST_TS_MS, maxMsAfterNow: ONE_DAY_MS },
    }),
    user_agent: text.nullable('The browser’s user agent.', { maxBytes: 1024, from: { key: 'userAgent' } }),
    user_id: text.nullable('The user; the empty text when nobody was logged in.', {
      maxBytes: 64,
      from: { key: 'userId' },
    }),
    extra: text.nullable('Keys that are not declared here, as a JSON object.', { maxBytes: 65535 }),
  },
  requiredWhen: {
    rule: 'incomplete_play',
    column: 'page',
    equals: 'NextSong',
    columns: ['user_id', 'song', 'artist', 'length'],
  },
  placement: { distribute: { by: 'session_id' }, sort: ['ts'] },
  indexes: [['ts'], ['file_id']],
});

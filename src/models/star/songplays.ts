import { bigint, text, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const songplays = table({
  schema: 'star',
  name: 'songplays',
  doc: 'The fact table: what was played, by whom, when and where.',
  grain: 'One row per event with page NextSong.',
  key: ['songplay_id'],
  columns: {
    songplay_id: text('The event’s natural key: session_id, a hyphen, the item in the session (`818-5`).', {
      maxBytes: 48,
    }),
    start_time: timestamp('When the play started, UTC, with milliseconds.'),
    user_id: text('Who listened.', { maxBytes: 64 }),
    level: text('The user’s subscription at the time of the play.', {
      values: ['free', 'paid'],
      maxBytes: 16,
    }),
    song_id: text.nullable('The song in the catalogue; null where the play matched none.', { maxBytes: 64 }),
    artist_id: text.nullable('The song’s artist; null where the play matched no song.', { maxBytes: 64 }),
    session_id: bigint('The session that the play belongs to.'),
    location: text.nullable('The user’s metropolitan area; null where unknown.', { maxBytes: 512 }),
    user_agent: text.nullable('The browser’s user agent.', { maxBytes: 1024 }),
  },
  references: [
    { columns: ['user_id'], table: 'users', to: ['user_id'] },
    { columns: ['song_id'], table: 'songs', to: ['song_id'] },
    { columns: ['artist_id'], table: 'artists', to: ['artist_id'] },
    { columns: ['start_time'], table: 'time', to: ['start_time'] },
  ],
  placement: { distribute: { by: 'start_time' }, sort: ['start_time'] },
  indexes: [['start_time']],
});

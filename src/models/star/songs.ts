import { double, integer, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const songs = table({
  schema: 'star',
  name: 'songs',
  doc: 'The catalogue’s songs.',
  grain: 'One row per song.',
  key: ['song_id'],
  columns: {
    song_id: text('The song’s id.', { maxBytes: 64 }),
    title: text('The title.', { maxBytes: 1024 }),
    artist_id: text('The song’s artist.', { maxBytes: 64 }),
    year: integer.nullable('The year of release; null where unknown.'),
    duration: double('Length in seconds.'),
  },
  references: [{ columns: ['artist_id'], table: 'artists', to: ['artist_id'] }],
  placement: { distribute: 'all', sort: ['song_id'] },
});

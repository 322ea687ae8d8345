import { double, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const artists = table({
  schema: 'star',
  name: 'artists',
  doc: 'The artists of the catalogue’s songs. Where songs disagree: the value that most songs give; of several, the shortest; of these, the first by its bytes.',
  grain: 'One row per artist.',
  key: ['artist_id'],
  columns: {
    artist_id: text('The artist’s id.', { maxBytes: 64 }),
    name: text('The name that most of the artist’s songs give.', { maxBytes: 1024 }),
    location: text.nullable('The place that most of the artist’s songs give; null if none gives one.', {
      maxBytes: 1024,
    }),
    latitude: double.nullable('Degrees north; always of the same pair as longitude.'),
    longitude: double.nullable('Degrees east; always of the same pair as latitude.'),
  },
  placement: { distribute: 'all', sort: ['artist_id'] },
});

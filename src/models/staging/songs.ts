import { bigint, double, integer, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

/** What the catalogue's song files said: one row per song, the first of its repeats. */
export const songs = table({
  schema: 'staging',
  name: 'songs',
  doc: 'The records of the catalogue’s song files, unchanged. Songs and artists are built from here.',
  grain: 'One row per song (song_id); repeats are in ops.repeated_songs.',
  key: ['song_id'],
  columns: {
    file_id: integer('The file that the song came from (ops.files).'),
    num_songs: bigint.nullable('Songs in the source record; always 1.', { from: { key: 'num_songs' } }),
    artist_id: text('The artist’s id.', { maxBytes: 64, from: { key: 'artist_id', required: true } }),
    artist_latitude: double.nullable('Degrees north.', { from: { key: 'artist_latitude' } }),
    artist_longitude: double.nullable('Degrees east.', { from: { key: 'artist_longitude' } }),
    artist_location: text.nullable('Where the artist comes from, free text.', {
      maxBytes: 1024,
      from: { key: 'artist_location', numbersAsText: true },
    }),
    artist_name: text('The artist’s name as this song spells it.', {
      maxBytes: 1024,
      from: { key: 'artist_name', required: true, numbersAsText: true },
    }),
    song_id: text('The song’s id.', { maxBytes: 64, from: { key: 'song_id', required: true } }),
    title: text('The song’s title.', {
      maxBytes: 1024,
      from: { key: 'title', required: true, numbersAsText: true },
    }),
    duration: double('The song’s length in seconds.', { from: { key: 'duration', required: true, min: 0 } }),
    year: bigint.nullable('The year of release; 0 is unknown.', {
      from: { key: 'year', min: 0, max: 9999 },
    }),
    extra: text.nullable('Keys that are not declared here, as a JSON object.', { maxBytes: 65535 }),
  },
  placement: { distribute: 'all', sort: ['song_id'] },
  indexes: [['file_id'], ['artist_id']],
});

import { double, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const songKeys = table({
  schema: 'ops',
  name: 'song_keys',
  doc: 'The spellings by which plays find a song: its own, and those of text that was encoded in UTF-8 once or twice more.',
  grain: 'One row per song and spelling.',
  key: ['song_id', 'spelling'],
  columns: {
    song_id: text('The song.', { maxBytes: 64 }),
    artist_id: text('Its artist.', { maxBytes: 64 }),
    spelling: text('How title and artist are spelled.', {
      values: ['own', 'encoded twice', 'encoded thrice'],
      maxBytes: 32,
    }),
    title: text('The title in this spelling, without trailing blanks.', { maxBytes: 8192 }),
    artist_name: text('The artist’s name in this spelling, without trailing blanks.', { maxBytes: 8192 }),
    duration: double('The song’s length in seconds.'),
  },
  placement: { distribute: 'all', sort: ['title'] },
  indexes: [['artist_name', 'title']],
});

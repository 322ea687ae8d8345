import { text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';
import { songs } from '../staging/songs.ts';

export const repeatedSongs = table({
  schema: 'ops',
  name: 'repeated_songs',
  doc: 'Songs with the same song_id as a song in staging: exact repeats, and conflicts.',
  grain: 'One row per song set aside.',
  key: [],
  columns: {
    ...songs.columns,
    repeat: text('An exact repeat is a duplicate; a song with other values is a conflict.', {
      values: ['duplicate', 'conflict'],
      maxBytes: 16,
    }),
  },
  placement: { distribute: 'even', sort: ['song_id'] },
  indexes: [['song_id'], ['file_id']],
});

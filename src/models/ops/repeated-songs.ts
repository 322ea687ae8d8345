import { text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';
import { songs } from '../staging/songs.ts';

export const repeatedSongs = table({
  schema: 'ops',
  name: 'repeated_songs',
  doc: 'Songs whose song_id another song holds already: exact repeats, and conflicts that lost to it.',
  grain: 'One row per song set aside.',
  key: [],
  columns: {
    ...songs.columns,
    repeat: text('An exact repeat is a duplicate; another content under the key is a conflict.', {
      values: ['duplicate', 'conflict'],
      maxBytes: 16,
    }),
  },
  placement: { distribute: 'even', sort: ['song_id'] },
  indexes: [['song_id'], ['file_id']],
});

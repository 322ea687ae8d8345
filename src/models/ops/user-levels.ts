import { text, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const userLevels = table({
  schema: 'ops',
  name: 'user_levels',
  doc: 'The users’ subscription history (a slowly changing dimension of type 2), ordered by event time.',
  grain: 'One row per user and uninterrupted time at one level.',
  key: ['user_id', 'valid_from'],
  columns: {
    user_id: text('The user.', { maxBytes: 64 }),
    level: text('The level.', { values: ['free', 'paid'], maxBytes: 16 }),
    valid_from: timestamp('The first event at this level, UTC.'),
    valid_to: timestamp.nullable('The first event at the next level, UTC; null for the current level.'),
  },
  placement: { distribute: 'all', sort: ['user_id'] },
});

import { text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const users = table({
  schema: 'star',
  name: 'users',
  doc: 'The users of the app, from events of every page. Each is as in the user’s latest event, by event time.',
  grain: 'One row per user who was ever logged in.',
  key: ['user_id'],
  columns: {
    user_id: text('The user.', { maxBytes: 64 }),
    first_name: text.nullable('First name; null where unknown.', { maxBytes: 256 }),
    last_name: text.nullable('Last name; null where unknown.', { maxBytes: 256 }),
    gender: text.nullable('Gender as registered; null where unknown.', { maxBytes: 16, values: ['F', 'M'] }),
    level: text('The subscription at the user’s latest event.', { values: ['free', 'paid'], maxBytes: 16 }),
  },
  placement: { distribute: 'all', sort: ['user_id'] },
});

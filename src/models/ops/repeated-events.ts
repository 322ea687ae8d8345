import { text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';
import { events } from '../staging/events.ts';

export const repeatedEvents = table({
  schema: 'ops',
  name: 'repeated_events',
  doc: 'Events with the same key as an event in staging: exact repeats, and conflicts.',
  grain: 'One row per event set aside.',
  key: [],
  columns: {
    ...events.columns,
    repeat: text('An exact repeat is a duplicate; an event with other values is a conflict.', {
      values: ['duplicate', 'conflict'],
      maxBytes: 16,
    }),
  },
  placement: { distribute: { by: 'session_id' }, sort: ['ts'] },
  indexes: [['session_id', 'item_in_session'], ['file_id']],
});

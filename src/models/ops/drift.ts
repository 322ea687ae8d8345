import { bigint, integer, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const drift = table({
  schema: 'ops',
  name: 'drift',
  doc: 'Keys in the files that are not as declared: new, missing, or in another case.',
  grain: 'One row per content, kind of drift and key.',
  key: ['file_id', 'change', 'key'],
  columns: {
    file_id: integer('The content (ops.files).'),
    change: text('What differs from the declaration.', {
      values: ['new', 'missing', 'other case'],
      maxBytes: 16,
    }),
    key: text('The JSON key.', { maxBytes: 1024 }),
    records: bigint('Records in which it differs.'),
  },
  placement: { distribute: 'all', sort: ['file_id'] },
});

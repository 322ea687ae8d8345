import { bigint, integer, text, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const rejects = table({
  schema: 'ops',
  name: 'rejects',
  doc: 'What was refused and why. One bad line never blocks its file.',
  grain: 'One row per refused record.',
  key: ['reject_id'],
  columns: {
    reject_id: text('The content and the line: file_id, a colon, the line.', { maxBytes: 64 }),
    file_id: integer('The content that it is in (ops.files).'),
    kind: text('What the file holds.', { values: ['log', 'song'], maxBytes: 16 }),
    path: text('The file’s name when it was read.', { maxBytes: 4096 }),
    line: bigint('The line at which the record starts, from 1.'),
    rule: text('The rule that it broke.', { maxBytes: 64 }),
    field: text.nullable('The JSON key at fault; null if it is the whole record.', { maxBytes: 1024 }),
    value: text.nullable('The value at fault, as JSON.', { maxBytes: 4096 }),
    reason: text('The reason, in a sentence.', { maxBytes: 4096 }),
    raw: text('The record as it is in the file.', { maxBytes: 65535 }),
    run_id: text('The run that refused it.', { maxBytes: 64 }),
    rejected_at: timestamp('When that run started, UTC.'),
  },
  placement: { distribute: 'even', sort: ['rejected_at'] },
  indexes: [['file_id']],
});

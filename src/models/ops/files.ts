import { bigint, boolean, integer, text, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const files = table({
  schema: 'ops',
  name: 'files',
  doc: 'The manifest: every source file that was ever loaded, and its balance: lines = staged + rejected + blank.',
  grain: 'One row per source file name and kind.',
  key: ['kind', 'path'],
  columns: {
    kind: text('What the file holds.', { values: ['log', 'song'], maxBytes: 16 }),
    path: text('Where the file is: an absolute path or an address.', { maxBytes: 4096 }),
    file_id: integer('The content, numbered over both kinds; names with the same content share it.'),
    sha256: text('The content’s SHA-256, in hexadecimal.', { maxBytes: 64 }),
    bytes: bigint('Size in bytes.'),
    fingerprint: text.nullable(
      'What identifies the file without reading it (size and times; in S3, size and ETag). If it is the same, the file is not read again.',
      {
        maxBytes: 256,
      },
    ),
    lines: bigint('Records and blank lines in the file.'),
    staged: bigint('Records that were accepted, including repeats.'),
    rejected: bigint('Records that are in ops.rejects.'),
    blank: bigint('Blank lines.'),
    duplicate: boolean('Whether this content was loaded first under another name.'),
    run_id: text('The run that loaded it.', { maxBytes: 64 }),
    loaded_at: timestamp('When that run started, UTC.'),
  },
  placement: { distribute: 'all', sort: ['path'] },
  indexes: [['file_id'], ['sha256']],
});

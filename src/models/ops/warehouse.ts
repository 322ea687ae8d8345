import { integer, text } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

/** Raised whenever a declared table changes in a way that an older warehouse does not have. */
export const LAYOUT_VERSION = 2;

export const warehouse = table({
  schema: 'ops',
  name: 'warehouse',
  doc: 'What this warehouse is; an older program refuses a newer layout.',
  grain: 'One row.',
  key: ['layout_version'],
  columns: {
    layout_version: integer('The version of the tables’ layout.'),
    created_by: text('The version of sparkify that made the tables.', { maxBytes: 32 }),
    next_file_id: integer('The number that the next content gets. No number is used twice.'),
    last_run_id: text.nullable(
      'The run that committed last. Times do not show it, since clocks can be wrong.',
      { maxBytes: 64 },
    ),
    match_on: text('How the plays in the star were matched to songs.', { maxBytes: 64 }),
  },
  placement: { distribute: 'all', sort: [] },
});

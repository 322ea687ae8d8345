import { double, integer, text, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const runs = table({
  schema: 'ops',
  name: 'runs',
  doc: 'Every load that committed; its row commits with its data.',
  grain: 'One row per committed run.',
  key: ['run_id'],
  columns: {
    run_id: text('The run: the time it started and a random ending.', { maxBytes: 64 }),
    command: text('The command.', { maxBytes: 64 }),
    started_at: timestamp('When it started, UTC.'),
    committed_at: timestamp('When it was about to commit, UTC.'),
    duration_seconds: double('From its start to its commit.'),
    files_loaded: integer('New and changed files.'),
    events_staged: integer('Events that came in, including repeats.'),
    songs_staged: integer('Songs that came in, including repeats.'),
    rejected: integer('Records refused.'),
    songplays_rows: integer('Rows in songplays after the run.'),
    match_on: text('How plays were matched to songs.', { maxBytes: 64 }),
    sparkify_version: text('The version that wrote it.', { maxBytes: 32 }),
    report: text('The complete load report, as JSON.', { maxBytes: 65535 }),
  },
  placement: { distribute: 'all', sort: ['started_at'] },
});

import { integer, timestamp } from '../../schema/column.ts';
import { table } from '../../schema/table.ts';

export const time = table({
  schema: 'star',
  name: 'time',
  doc: 'The times at which songs were played, and their parts. All in UTC.',
  grain: 'One row per distinct start_time in songplays.',
  key: ['start_time'],
  columns: {
    start_time: timestamp('The moment, UTC, with milliseconds.'),
    hour: integer('Hour of the day, 0 to 23.'),
    day: integer('Day of the month, 1 to 31.'),
    week: integer('Week of the year by ISO 8601, 1 to 53.'),
    month: integer('Month, 1 to 12.'),
    year: integer('Year.'),
    weekday: integer('Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.'),
  },
  placement: { distribute: { by: 'start_time' }, sort: ['start_time'] },
});

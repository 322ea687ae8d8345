import type { Report } from './report.ts';

export const playsByHour: Report = {
  name: 'plays-by-hour',
  title: 'When they listen: plays by hour of the day (UTC)',
  columns: [
    { name: 'hour', label: 'hour', shows: 'number' },
    { name: 'plays', label: 'plays', shows: 'count' },
  ],
  chart: { kind: 'columns', by: 'hour', of: 'plays' },
};

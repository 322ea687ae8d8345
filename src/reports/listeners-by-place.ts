import type { Report } from './report.ts';

export const listenersByPlace: Report = {
  name: 'listeners-by-place',
  title: 'Where they listen: the places with most listeners',
  columns: [
    { name: 'location', label: 'place', shows: 'text' },
    { name: 'plays', label: 'plays', shows: 'count' },
    { name: 'listeners', label: 'listeners', shows: 'count' },
  ],
  chart: { kind: 'bars', of: 'listeners' },
};

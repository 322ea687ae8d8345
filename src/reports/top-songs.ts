import type { Report } from './report.ts';

export const topSongs: Report = {
  name: 'top-songs',
  title: 'The songs that are played most',
  columns: [
    { name: 'title', label: 'song', shows: 'text' },
    { name: 'artist', label: 'artist', shows: 'text' },
    { name: 'listeners', label: 'listeners', shows: 'count' },
    { name: 'plays', label: 'plays', shows: 'count' },
  ],
  chart: { kind: 'bars', of: 'plays' },
};

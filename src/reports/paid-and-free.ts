import type { Report } from './report.ts';

export const paidAndFree: Report = {
  name: 'paid-and-free',
  title: 'Paid and free: the level at the time of the play',
  note: 'A listener who changed level counts at both.',
  columns: [
    { name: 'level', label: 'level', shows: 'text' },
    { name: 'listeners', label: 'listeners', shows: 'count' },
    { name: 'plays_per_listener', label: 'plays each', shows: 'count' },
    { name: 'share', label: 'share', shows: 'share' },
    { name: 'plays', label: 'plays', shows: 'count' },
  ],
  chart: { kind: 'bars', of: 'plays' },
};

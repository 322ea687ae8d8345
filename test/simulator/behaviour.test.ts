import { describe, expect, test } from 'vitest';
import { dayOf, offsetMs } from '../../src/simulator/calendar.ts';
import { makePopulation } from '../../src/simulator/population.ts';
import { songOf } from '../../src/simulator/song.ts';
import { places } from '../../src/simulator/towns.ts';
import type { EventRecord } from '../support/records.ts';
import { eventsIn, simulated } from '../support/simulated.ts';

type Sessions = Map<number, EventRecord[]>;

function sessionsOf(events: readonly EventRecord[]): Sessions {
  const sessions: Sessions = new Map();
  for (const event of events) {
    const known = sessions.get(event.sessionId);
    if (known) known.push(event);
    else sessions.set(event.sessionId, [event]);
  }
  return sessions;
}

function byUser(events: readonly EventRecord[]): Map<string, EventRecord[]> {
  const users = new Map<string, EventRecord[]>();
  for (const event of events) {
    if (event.userId === '') continue;
    const known = users.get(event.userId);
    if (known) known.push(event);
    else users.set(event.userId, [event]);
  }
  return users;
}

describe('what people do', () => {
  const growing = simulated({
    users: [500],
    days: 60,
    profile: 'full',
    growth: 2,
    attrition: 0.6,
    songs: 300,
  }).then(eventsIn);

  test('sessions are numbered without gaps, of one user each, and never overlap', async () => {
    const events = await growing;
    const firstDayMs = (dayOf('2018-11-02') as number) * 86_400_000;
    for (const session of sessionsOf(events).values()) {
      const items = session.map((event) => event.itemInSession);
      const first = items[0] as number;
      expect(items).toEqual(items.map((_, nth) => first + nth));
      // A session that began before the first day has its first items there.
      if ((session[0] as EventRecord).ts >= firstDayMs) expect(first).toBe(0);
      expect(
        new Set(session.map((event) => event.userId).filter((id) => id !== '')).size,
      ).toBeLessThanOrEqual(1);
    }
    for (const own of byUser(events).values()) {
      const changes = own.filter((event, at) => at > 0 && event.sessionId !== own[at - 1]?.sessionId).length;
      expect(changes).toBe(new Set(own.map((event) => event.sessionId)).size - 1);
    }
  });

  test('nobody acts before registering, recruits walk through registration, and who cancels is gone', async () => {
    const events = await growing;
    let registered = 0;
    for (const [id, own] of byUser(events)) {
      for (const event of own) expect(event.registration as number).toBeLessThanOrEqual(event.ts);
      if (own.some((event) => event.auth === 'Cancelled')) {
        expect(own.at(-1)).toMatchObject({ page: 'Cancellation Confirmation', auth: 'Cancelled' });
      }
      if (Number(id) > 10_000_000) {
        registered += 1;
        const session = sessionsOf(events).get((own[0] as EventRecord).sessionId) as EventRecord[];
        expect(session.slice(0, 3).map((event) => `${event.page} ${event.auth}`)).toEqual([
          'Home Guest',
          'Register Guest',
          'Submit Registration Guest',
        ]);
        expect(session[2]?.ts).toBe(own[0]?.registration);
      }
    }
    expect(registered).toBeGreaterThan(50);
    expect(events.filter((event) => event.page === 'Submit Registration').length).toBe(registered);
  });

  test('a level changes only by its page, at once', async () => {
    let changes = 0;
    for (const own of byUser(await growing).values()) {
      own.forEach((event, at) => {
        const before = own[at - 1];
        if (before === undefined || before.level === event.level) return;
        changes += 1;
        expect(before.page).toBe(before.level === 'free' ? 'Submit Upgrade' : 'Submit Downgrade');
      });
    }
    expect(changes).toBeGreaterThan(30);
  });

  test('growth and attrition are the annual rates that were asked for', () => {
    const fromDay = dayOf('2018-01-01') as number;
    for (const [growth, attrition] of [
      [0.25, 0.15],
      [1, 0],
      [0, 0.4],
      [3, 0.7],
    ] as const) {
      const users = 20_000;
      const population = makePopulation({
        seed: 5,
        fromDay,
        days: 366,
        firstUser: 1,
        lastUser: users,
        growth,
        attrition,
      });
      const lastDay = fromDay + 365;
      let active = 0;
      let stayed = 0;
      population.leaveDay.forEach((day, at) => {
        if (day <= lastDay) return;
        active += 1;
        if ((population.ids[at] as number) <= users) stayed += 1;
      });
      // Four deviations of a count of this size.
      expect(Math.abs(stayed / users - (1 - attrition))).toBeLessThan(4 * Math.sqrt(0.25 / users));
      const expected = (1 + growth) * (1 - attrition);
      expect(Math.abs(active / users - expected)).toBeLessThan(4 * Math.sqrt((1 + growth) / users));
    }
  });

  test('the chosen share of plays names a song that the catalogue holds, with its artist and length', async () => {
    for (const matchShare of [0.35, 1]) {
      const keys = new Set(
        Array.from({ length: 300 }, (_, number) => songOf(1, number)).map((song) =>
          JSON.stringify([song.artist.name, song.title, song.durationSeconds]),
        ),
      );
      expect(keys.size).toBe(300);
      const plays = eventsIn(await simulated({ users: [800], days: 5, songs: 300, matchShare })).filter(
        (event) => event.page === 'NextSong',
      );
      const matched = plays.filter((event) =>
        keys.has(JSON.stringify([event.artist, event.song, event.length])),
      );
      expect(Math.abs(matched.length / plays.length - matchShare)).toBeLessThan(0.03);
    }
  });

  test('no two songs share an id, nor title, artist and length; the same with ten thousand', () => {
    const songs = Array.from({ length: 10_000 }, (_, number) => songOf(9, number));
    for (const of of [
      (song: (typeof songs)[number]) => song.songId,
      (song: (typeof songs)[number]) => song.trackId,
      (song: (typeof songs)[number]) => `${song.title}\n${song.artist.name}\n${song.durationSeconds}`,
    ]) {
      expect(new Set(songs.map(of)).size).toBe(songs.length);
    }
    const names = new Map(songs.map((song) => [song.artistId, song.artist.name]));
    expect(new Set(names.values()).size).toBe(names.size);
  });
});

/** Figures of the real logs (8,056 events of 97 users in November 2018), and how near the model must come. */
describe('the model is calibrated on the real logs', () => {
  const made = simulated({ users: [3_000], days: 28, from: '2018-11-05', songs: 500 }).then(eventsIn);
  const share = (part: number, whole: number): number => part / whole;

  test('page mix: NextSong within 1.5 points, Home within 1, each other page within 0.4', async () => {
    const events = await made;
    const real = {
      NextSong: 84.66,
      Home: 10.0,
      Login: 1.14,
      Logout: 1.12,
      Downgrade: 0.74,
      Settings: 0.7,
      Help: 0.58,
      About: 0.45,
      Upgrade: 0.26,
      'Save Settings': 0.12,
      Error: 0.11,
      'Submit Upgrade': 0.1,
      'Submit Downgrade': 0.01,
    };
    for (const [page, percent] of Object.entries(real)) {
      const found = 100 * share(events.filter((event) => event.page === page).length, events.length);
      const tolerance = page === 'NextSong' ? 1.5 : page === 'Home' ? 1 : 0.4;
      expect(`${page} ${Math.abs(found - percent) < tolerance || found}`).toBe(`${page} true`);
    }
    expect(new Set(events.map((event) => event.page)).size).toBe(13);
  });

  test('events a session: mean 8.6 within 1, median 2, nine of ten below 24 within 4', async () => {
    const lengths = [...sessionsOf(await made).values()]
      .map((session) => session.length)
      .sort((a, b) => a - b);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeCloseTo(8.56, -0.3);
    expect(lengths[Math.floor(lengths.length / 2)]).toBe(2);
    expect(Math.abs((lengths[Math.floor(lengths.length * 0.9)] as number) - 24)).toBeLessThan(4);
  });

  test('skew: the busiest tenth of the users makes 60 % of the events, the busiest half 95 %, within 5 points', async () => {
    const counts = [...byUser(await made).values()].map((own) => own.length).sort((a, b) => b - a);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const top = (part: number): number =>
      share(
        counts.slice(0, Math.round(counts.length * part)).reduce((sum, count) => sum + count, 0),
        total,
      );
    expect(Math.abs(top(0.1) - 0.6)).toBeLessThan(0.05);
    expect(Math.abs(top(0.5) - 0.948)).toBeLessThan(0.05);
  });

  test('weekdays: Saturday and Sunday together 15 % within 4 points, on the user’s clock', async () => {
    const zones = new Map(places.map(({ location, zone }) => [location, zone]));
    const clocks = (await made).flatMap(({ location, ts }) => {
      const zone = zones.get(location ?? '');
      return zone === undefined ? [] : [new Date(ts + offsetMs(zone, Math.floor(ts / 86_400_000)))];
    });
    const weekend = clocks.filter((clock) => clock.getUTCDay() % 6 === 0).length;
    expect(Math.abs(share(weekend, clocks.length) - 0.15)).toBeLessThan(0.04);
    // Real figures by hour, whose clock is the only one that they have.
    const real = [
      2.3, 2.5, 1.95, 1.61, 1.97, 2.56, 2.86, 2.72, 3.05, 3.86, 4.42, 4.85, 4.57, 5.15, 6.26, 7.16, 7.77, 7.1,
      7.19, 5.35, 4.93, 4.05, 3.07, 2.77,
    ];
    for (const [hour, percent] of real.entries()) {
      const found = 100 * share(clocks.filter((clock) => clock.getUTCHours() === hour).length, clocks.length);
      expect(`${hour} h ${Math.abs(found - percent) < 1.5 || found}`).toBe(`${hour} h true`);
    }
  });

  test('after a song comes another one: 50.1 % of the time for free, 92.3 % for paid, within 1 point', async () => {
    for (const [level, percent] of [
      ['free', 50.1],
      ['paid', 92.3],
    ] as const) {
      let plays = 0;
      let followed = 0;
      for (const session of sessionsOf(await made).values()) {
        session.forEach((event, at) => {
          if (event.page !== 'NextSong' || event.level !== level) return;
          plays += 1;
          if (session[at + 1]?.page === 'NextSong') followed += 1;
        });
      }
      expect(Math.abs(100 * share(followed, plays) - percent)).toBeLessThan(1);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { dateOf, dayOf, isHoliday, offsetMs, weekdayOf } from '../../src/simulator/calendar.ts';
import { exp, ln, makeStream, purposes } from '../../src/simulator/random.ts';
import { places } from '../../src/simulator/towns.ts';

describe('a stream', () => {
  test('has logarithm and exponential of its own, which agree with the engine’s to 14 digits', () => {
    const stream = makeStream(1, purposes.day, 1);
    for (let at = 0; at < 20_000; at += 1) {
      const x = stream.next() * 10 ** stream.below(9) + 1e-9;
      expect(Math.abs(ln(x) - Math.log(x))).toBeLessThan(1e-14 * (1 + Math.abs(Math.log(x))));
      const y = (stream.next() - 0.5) * 60;
      expect(Math.abs(exp(y) / Math.exp(y) - 1)).toBeLessThan(1e-13);
    }
  });

  test('is the same for the same keys, another for each other key', () => {
    const first = (seed: number, purpose: 1 | 2, one: number, two: number): string =>
      Array.from(
        { length: 4 },
        (
          (stream) => () =>
            stream.next()
        )(makeStream(seed, purpose, one, two)),
      ).join();
    expect(first(7, 1, 42, 3)).toBe(first(7, 1, 42, 3));
    const others = [first(8, 1, 42, 3), first(7, 2, 42, 3), first(7, 1, 43, 3), first(7, 1, 42, 4)];
    expect(new Set([first(7, 1, 42, 3), ...others]).size).toBe(5);
    // Keys beyond 32 bits count as well.
    expect(first(2 ** 40, 1, 42, 3)).not.toBe(first(0, 1, 42, 3));
    expect(first(7, 1, 2 ** 40, 3)).not.toBe(first(7, 1, 0, 3));
  });

  test('restarts as a new one with these keys', () => {
    const stream = makeStream(7, purposes.user, 1, 1);
    stream.next();
    stream.restart(purposes.sessions, 42, 9);
    expect(stream.next()).toBe(makeStream(7, purposes.sessions, 42, 9).next());
  });

  test('has the mean and deviation that its names promise', () => {
    const stream = makeStream(3, purposes.life, 1);
    const moments = (draw: () => number): [mean: number, deviation: number] => {
      const values = Array.from({ length: 100_000 }, draw);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
    };
    const [uniform, normal, exponential] = [stream.next, stream.normal, stream.exponential].map(moments);
    expect(uniform?.[0]).toBeCloseTo(0.5, 2);
    expect(uniform?.[1]).toBeCloseTo(Math.sqrt(1 / 12), 2);
    expect(normal?.[0]).toBeCloseTo(0, 1);
    expect(normal?.[1]).toBeCloseTo(1, 1);
    expect(exponential?.[0]).toBeCloseTo(1, 1);
    expect(exponential?.[1]).toBeCloseTo(1, 1);
  });
});

describe('the calendar', () => {
  test('knows the clocks of places as the operating system’s time zones do, noon by noon', () => {
    const zones: Record<string, string> = {
      'New York-Newark-Jersey City, NY-NJ-PA': 'America/New_York',
      'Chicago-Naperville-Elgin, IL-IN-WI': 'America/Chicago',
      'Denver-Aurora-Lakewood, CO': 'America/Denver',
      'Phoenix-Mesa-Scottsdale, AZ': 'America/Phoenix',
      'Los Angeles-Long Beach-Anaheim, CA': 'America/Los_Angeles',
      'Anchorage, AK': 'America/Anchorage',
      'Urban Honolulu, HI': 'Pacific/Honolulu',
    };
    for (const [location, timeZone] of Object.entries(zones)) {
      const zone = places.find((place) => place.location === location)?.zone;
      expect(zone).toBeDefined();
      const clock = new Intl.DateTimeFormat('en-US', {
        timeZone,
        hourCycle: 'h23',
        dateStyle: 'short',
        timeStyle: 'short',
      });
      for (const year of [2018, 2019, 2024]) {
        const first = dayOf(`${year}-01-01`) as number;
        for (let day = first; day < first + 365; day += 1) {
          const noon = day * 86_400_000 + 43_200_000 - offsetMs(zone as NonNullable<typeof zone>, day);
          expect(clock.format(noon)).toMatch(/ 12:00$/);
        }
      }
    }
  });

  test('knows weekdays, dates and holidays', () => {
    expect(dayOf('2018-02-30')).toBeNull();
    expect(dayOf('1.2.2018')).toBeNull();
    for (let day = 17_000; day < 19_000; day += 1) {
      expect(dayOf(dateOf(day))).toBe(day);
      expect(weekdayOf(day)).toBe(new Date(day * 86_400_000).getUTCDay() || 7);
    }
    const holidays = Array.from({ length: 365 }, (_, nth) => (dayOf('2018-01-01') as number) + nth).filter(
      isHoliday,
    );
    expect(holidays.map(dateOf)).toEqual(['2018-01-01', '2018-07-04', '2018-11-22', '2018-12-25']);
  });
});

import { inDialect } from '../warehouses/sql.ts';
import type { AnswerKey, DayKey } from './answer-key.ts';
import { type Found, type Reader, texts } from './facts.ts';
import { artistSql, playSql, songSql, userSql } from './row-sums.ts';

/** How many rows each table is to have, and what they sum to. */
export function expectedTables({ tables, usersByLevel, rowSums, events, songs, faults }: AnswerKey): Found {
  const repeated = faults.filter(({ repeat }) => repeat !== undefined).length;
  return texts(
    new Map([
      ...Object.entries(tables),
      ['users who are free', usersByLevel.free],
      ['users who are paid', usersByLevel.paid],
      ['staging.events', events.staged - repeated],
      ['staging.songs', songs.staged],
      ['songplays without their user', 0],
      ...Object.entries(rowSums).map(([name, sum]): [string, number] => [`${name}, sum of all rows`, sum]),
    ]),
  );
}

/** How many rows each table has, and what they sum to. */
export async function readTables(warehouse: Reader): Promise<Found> {
  const counts = new Map<string, number>();
  for (const name of ['songplays', 'users', 'songs', 'artists', 'time', 'staging.events', 'staging.songs']) {
    const [row] = await warehouse.rows({
      name: `answer key: rows of ${name}`,
      sql: `select count(*) as found from ${name}`,
    });
    counts.set(name, Number(row?.found));
  }
  for (const level of ['free', 'paid']) {
    const [row] = await warehouse.rows({
      name: 'answer key: users at a level',
      sql: 'select count(*) as found from users where level = $1',
      parameters: [level],
    });
    counts.set(`users who are ${level}`, Number(row?.found));
  }
  const [row] = await warehouse.rows({
    name: 'answer key: plays without their user',
    sql: `select count(*) as found from songplays
     where not exists (select 1 from users where users.user_id = songplays.user_id)`,
  });
  counts.set('songplays without their user', Number(row?.found));
  for (const [name, sql] of Object.entries({ users: userSql, songs: songSql, artists: artistSql })) {
    const [sum] = await warehouse.rows({
      name: `answer key: sum over ${name}`,
      sql: `select sum(${inDialect(sql, warehouse.dialect)}) as found from ${name}`,
    });
    counts.set(`${name}, sum of all rows`, Number(sum?.found ?? 0));
  }
  return texts(counts);
}

/** What songplays has of each day. */
export async function readDays(warehouse: Reader): Promise<Found> {
  const rows = await warehouse.rows({
    name: 'answer key: plays by day',
    sql: `select
         cast(cast(start_time as date) as varchar) as date,
         count(*) as plays,
         sum(case when level = 'paid' then 1 else 0 end) as paid,
         count(song_id) as matched,
         count(distinct start_time) as start_times,
         sum(${inDialect(playSql, warehouse.dialect)}) as row_sum
     from songplays
     group by cast(start_time as date)
     order by cast(start_time as date)`,
  });
  return new Map(
    rows.map((row) => {
      const day = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
      return [
        String(row.date),
        dayText({
          ...day,
          startTimes: Number(row.start_times),
          rows: Number(row.row_sum),
        } as unknown as DayKey),
      ];
    }),
  );
}

/** What is compared of a day. */
export function dayText({ plays, paid, matched, startTimes, rows }: DayKey): string {
  return `${plays} plays, ${paid} of them paid, ${matched} matched, ${startTimes} start times; the rows sum to ${rows}`;
}

-- Where no event of a user from the touched one on is left, the whole history decides.
select user_id, from_ts, utc_timestamp(from_ts) as from_time
from (
    select touched.user_id, case when count(event.ts) = 0 then 0 else touched.from_ts end as from_ts
    from (
        select user_id, min(ts) as from_ts from touched_events where user_id <> '' group by user_id
    ) as touched
    left join staging.events as event on event.user_id = touched.user_id and event.ts >= touched.from_ts
        and event.ts >= first_touched_ts
    group by touched.user_id, touched.from_ts
) as chosen

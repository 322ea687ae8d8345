-- The user's latest event by event time decides; at the same millisecond, the later one in its session.
with latest_moments as (
    select user_id, max(ts) as ts
    from user_events_to_build as event
    where user_id <> ''
    group by user_id
),

latest_first as (
    select
        event.user_id,
        event.first_name,
        event.last_name,
        event.gender,
        event.level,
        row_number() over (
            partition by event.user_id
            order by event.session_id desc, event.item_in_session desc
        ) as age
    from user_events_to_build as event
    join latest_moments on latest_moments.user_id = event.user_id and latest_moments.ts = event.ts
)

select
    user_id,
    nullif(first_name, '') as first_name,
    nullif(last_name, '') as last_name,
    nullif(gender, '') as gender,
    level
from latest_first
where age = 1

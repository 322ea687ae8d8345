-- The user's latest event by event time decides; at the same millisecond, the later one in its session.
with latest_first as (
    select
        event.user_id,
        event.first_name,
        event.last_name,
        event.gender,
        event.level,
        row_number() over (
            partition by event.user_id
            order by event.ts desc, event.session_id desc, event.item_in_session desc
        ) as age
    from user_events_to_build as event
    where event.user_id <> ''
)

select
    user_id,
    nullif(first_name, '') as first_name,
    nullif(last_name, '') as last_name,
    nullif(gender, '') as gender,
    level
from latest_first
where age = 1

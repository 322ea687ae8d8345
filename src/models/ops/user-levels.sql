-- The level at a moment is that of the user's last event at that moment. A row begins where the level changes
-- and ends where the next one begins; levels_before holds, per user, what came before the events to build.
with moments as (
    select
        event.user_id,
        event.ts,
        event.level,
        row_number() over (
            partition by event.user_id, event.ts
            order by event.session_id desc, event.item_in_session desc
        ) as age
    from user_events_to_build as event
    where event.user_id <> ''
),

steps as (
    select user_id, utc_timestamp(moments.ts) as moment, level
    from moments
    where age = 1
    union all
    select before.user_id, before.valid_from as moment, before.level
    from levels_before as before
),

compared as (
    select
        user_id,
        moment,
        level,
        lag(level) over (partition by user_id order by moment) as previous_level
    from steps
),

changes as (
    select user_id, level, moment
    from compared
    where previous_level is null or previous_level <> level
)

select
    user_id,
    level,
    moment as valid_from,
    lead(moment) over (partition by user_id order by moment) as valid_to
from changes

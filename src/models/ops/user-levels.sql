-- The level at a moment is that of the user's last event at that moment. A row begins where the level changes
-- and ends where the next one begins; levels_before holds, per user, what came before the events to build.
-- Most users never change: only the others' events need to be put in order.
with spans as (
    select
        user_id,
        min(level) as lowest_level,
        max(level) as highest_level,
        min(ts) as first_ts
    from user_events_to_build as event
    where user_id <> ''
    group by user_id
),

moments as (
    select
        event.user_id,
        event.ts,
        event.level,
        row_number() over (
            partition by event.user_id, event.ts
            order by event.session_id desc, event.item_in_session desc
        ) as age
    from user_events_to_build as event
    join spans on spans.user_id = event.user_id and spans.lowest_level <> spans.highest_level
),

steps as (
    select user_id, utc_timestamp(spans.first_ts) as moment, lowest_level as level
    from spans
    where lowest_level = highest_level
    union all
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

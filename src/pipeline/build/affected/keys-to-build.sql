select
    session_id,
    item_in_session,
    cast(session_id as varchar) || '-' || cast(item_in_session as varchar) as songplay_id
from (events_to_take) as touched
group by session_id, item_in_session

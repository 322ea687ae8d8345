-- The events that decide about the touched users: theirs, from the first touched moment on.
select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
from staging.events
join touched_users on touched_users.user_id = staging.events.user_id
where staging.events.ts >= touched_users.from_ts and staging.events.ts >= earliest_ts

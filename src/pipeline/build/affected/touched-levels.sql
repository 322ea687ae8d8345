-- The rows of the level history from the touched users' first touched moment on.
select ops.user_levels.user_id, ops.user_levels.valid_from
from ops.user_levels
join touched_users on touched_users.user_id = ops.user_levels.user_id
where ops.user_levels.valid_to is null or ops.user_levels.valid_to >= touched_users.from_time

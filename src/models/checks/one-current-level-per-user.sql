-- Every user has exactly one current level, and users.level is that one.
select users.user_id, users.level, count(history.user_id) as current_levels
from users
left join ops.user_levels as history
    on history.user_id = users.user_id
    and history.valid_to is null
    and history.level = users.level
group by users.user_id, users.level
having count(history.user_id) <> 1
union all
select history.user_id, min(history.level) as level, count(*) as current_levels
from ops.user_levels as history
where history.valid_to is null
group by history.user_id
having count(*) <> 1

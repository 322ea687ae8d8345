-- A listener who changed level counts at both.
with by_level as (
    select
        songplays.level,
        count(distinct songplays.user_id) as listeners,
        count(*) as plays
    from songplays
    group by songplays.level
)

select
    by_level.level,
    by_level.listeners,
    cast(by_level.plays as double precision) / by_level.listeners as plays_per_listener,
    cast(by_level.plays as double precision) / sum(by_level.plays) over () as share,
    by_level.plays
from by_level
order by by_level.plays desc, by_level.level

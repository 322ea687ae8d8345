select
    songplays.location,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
where songplays.location is not null
group by songplays.location
order by count(distinct songplays.user_id) desc, count(*) desc, songplays.location
limit 8

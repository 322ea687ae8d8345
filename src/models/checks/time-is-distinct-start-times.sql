-- time holds every distinct start_time of songplays, and no other.
select distinct_times.moments as distinct_start_times, time_rows.moments as time_rows
from (select count(distinct start_time) as moments from songplays) as distinct_times
cross join (select count(*) as moments from time) as time_rows
where distinct_times.moments <> time_rows.moments

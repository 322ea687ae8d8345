-- time has as many rows as songplays has distinct start_times; that they are the same, the check of its model says.
select distinct_times.moments as distinct_start_times, time_rows.moments as time_rows
from (select count(distinct start_time) as moments from songplays) as distinct_times
cross join (select count(*) as moments from time) as time_rows
where distinct_times.moments <> time_rows.moments

select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(iso_weekday(play.start_time) as integer) as weekday
from (select distinct start_time from plays_to_build) as play

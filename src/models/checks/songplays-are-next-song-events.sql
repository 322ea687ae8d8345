-- Every staged play stands in songplays once, and nothing else does.
select songplays.plays as songplays_rows, staged.plays as staged_plays
from (select count(*) as plays from songplays) as songplays
cross join (select count(*) as plays from staging.events where page = 'NextSong') as staged
where songplays.plays <> staged.plays

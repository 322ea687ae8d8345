-- songplays has as many rows as there are staged plays; that they are the same, the check of its model says.
select songplays.plays as songplays_rows, staged.plays as staged_plays
from (select count(*) as plays from songplays) as songplays
cross join (select count(*) as plays from staging.events where page = 'NextSong') as staged
where songplays.plays <> staged.plays

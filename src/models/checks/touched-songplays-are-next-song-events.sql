-- Of the events that a load touched, songplays has as many rows as there are staged plays.
select songplays.plays as songplays_rows, staged.plays as staged_plays
from (
    select count(*) as plays
    from keys_to_build as touched
    join songplays on songplays.session_id = touched.session_id and songplays.songplay_id = touched.songplay_id
) as songplays
cross join (
    select count(*) as plays
    from keys_to_build as touched
    join staging.events as event
        on event.session_id = touched.session_id and event.item_in_session = touched.item_in_session
    where event.page = 'NextSong'
) as staged
where songplays.plays <> staged.plays

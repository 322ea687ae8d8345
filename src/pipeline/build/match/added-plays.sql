-- The events of the plays that a load put in.
select chosen_events.song, chosen_events.artist, chosen_events.page
from chosen_events
join fresh_songplays on fresh_songplays.session_id = chosen_events.session_id
    and fresh_songplays.songplay_id =
        cast(chosen_events.session_id as varchar) || '-' || cast(chosen_events.item_in_session as varchar)

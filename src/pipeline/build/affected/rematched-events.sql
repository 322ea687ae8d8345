-- The plays that touched songs may match now, or matched before.
select session_id, item_in_session
from staging.events
where page = 'NextSong' and exists (
    select 1 from touched_keys
    where touched_keys.title = rtrim(staging.events.song, ' ')
        and touched_keys.artist_name = rtrim(staging.events.artist, ' ')
)

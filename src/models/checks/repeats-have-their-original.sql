-- What is set aside as a repeat has the record that it repeats, or lost to, in staging.
select 'log' as kind, cast(aside.session_id as varchar) || '-' || cast(aside.item_in_session as varchar) as record
from ops.repeated_events as aside
where not exists (
    select 1 from staging.events as event
    where event.session_id = aside.session_id and event.item_in_session = aside.item_in_session
)
union all
select 'song' as kind, aside.song_id as record
from ops.repeated_songs as aside
where not exists (select 1 from staging.songs as song where song.song_id = aside.song_id)

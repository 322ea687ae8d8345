-- Every play stays, matched or not. A play's song is the one whose title, artist name and length are the
-- play's own, trailing blanks aside; of several such songs, the first by song_id.
with ranked_song_keys as (
    select
        song_key.title,
        song_key.artist_name,
        song_key.duration,
        song_key.song_id,
        song_key.artist_id,
        row_number() over (
            partition by song_key.title, song_key.artist_name, song_key.duration
            order by song_key.song_id
        ) as choice
    from song_keys_to_match as song_key
),

catalogue as (
    select title, artist_name, duration, song_id, artist_id
    from ranked_song_keys
    where choice = 1
)

select
    cast(event.session_id as varchar) || '-' || cast(event.item_in_session as varchar) as songplay_id,
    utc_timestamp(event.ts) as start_time,
    event.user_id,
    event.level,
    catalogue.song_id,
    catalogue.artist_id,
    event.session_id,
    nullif(event.location, '') as location,
    event.user_agent
from events_to_build as event
left join catalogue
    on rtrim(event.song, ' ') = catalogue.title
    and rtrim(event.artist, ' ') = catalogue.artist_name
    and length_to_match = catalogue.duration
where event.page = 'NextSong'

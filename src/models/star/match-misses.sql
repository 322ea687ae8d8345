-- How far each play gets towards a song: the artist is known, and the title by that artist as well.
select
    count(*) as plays,
    count(known_title.title) as with_known_title,
    count(known_artist.artist_name) as with_known_artist
from events_to_match as event
left join (select distinct artist_name from ops.song_keys) as known_artist
    on known_artist.artist_name = rtrim(event.artist, ' ')
left join (select distinct title, artist_name from ops.song_keys) as known_title
    on known_title.title = rtrim(event.song, ' ')
    and known_title.artist_name = rtrim(event.artist, ' ')
where event.page = 'NextSong'

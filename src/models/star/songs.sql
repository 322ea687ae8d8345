-- The catalogue writes 0 for a year that it does not know.
select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from songs_to_build as song

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration)
select song_id, artist_id, 'own', rtrim(title, ' '), rtrim(artist_name, ' '), duration
from staging.songs
where songs_are_touched

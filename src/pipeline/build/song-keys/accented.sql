-- Songs with letters beyond ASCII, of which other spellings may stand in the logs.
select song_id, artist_id, title, artist_name, duration
from ops.song_keys
where spelling = 'own' and keys_are_touched
    and (byte_length(title) > length(title) or byte_length(artist_name) > length(artist_name))

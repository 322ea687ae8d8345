-- Plays whose song the catalogue knows; of songs with as many plays, the first by title.
select
    songs.title,
    artists.name as artist,
    count(distinct songplays.user_id) as listeners,
    count(*) as plays
from songplays
join songs on songs.song_id = songplays.song_id
join artists on artists.artist_id = songplays.artist_id
group by songs.song_id, songs.title, artists.name
order by count(*) desc, songs.title, songs.song_id
limit 10

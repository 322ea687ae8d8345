-- Every staged song has its own key and, where it has letters beyond ASCII, the two others; no other song has keys.
with wanted as (
    select
        song_id,
        artist_id,
        rtrim(title, ' ') as title,
        rtrim(artist_name, ' ') as artist_name,
        duration,
        case
            when byte_length(title) > length(title) or byte_length(artist_name) > length(artist_name) then 3
            else 1
        end as spellings
    from staging.songs
),

present as (
    select
        wanted.song_id,
        wanted.spellings,
        count(song_key.song_id) as spelled,
        count(
            case
                when song_key.spelling = 'own'
                    and song_key.artist_id = wanted.artist_id
                    and song_key.title = wanted.title
                    and song_key.artist_name = wanted.artist_name
                    and song_key.duration = wanted.duration then 1
            end
        ) as own
    from wanted
    left join ops.song_keys as song_key on song_key.song_id = wanted.song_id
    group by wanted.song_id, wanted.spellings
)

select song_id, spellings, spelled, own
from present
where spelled <> spellings or own <> 1
union all
select song_key.song_id, 0 as spellings, count(*) as spelled, 0 as own
from ops.song_keys as song_key
where not exists (select 1 from staging.songs as song where song.song_id = song_key.song_id)
group by song_key.song_id

-- An artist's songs may give several names and places. Each is chosen by itself: what most songs give, then
-- the shortest, then the first. A coordinate counts only as a whole pair.
with names as (
    select
        artist_id,
        artist_name,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_name), artist_name
        ) as choice
    from artist_songs_to_build
    group by artist_id, artist_name
),

locations as (
    select
        artist_id,
        artist_location,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_location), artist_location
        ) as choice
    from artist_songs_to_build
    where artist_location <> ''
    group by artist_id, artist_location
),

coordinates as (
    select
        artist_id,
        artist_latitude,
        artist_longitude,
        row_number() over (
            partition by artist_id
            order by count(*) desc, artist_latitude, artist_longitude
        ) as choice
    from artist_songs_to_build
    where artist_latitude is not null and artist_longitude is not null
    group by artist_id, artist_latitude, artist_longitude
)

select
    names.artist_id,
    names.artist_name as name,
    locations.artist_location as location,
    coordinates.artist_latitude as latitude,
    coordinates.artist_longitude as longitude
from names
left join locations on locations.artist_id = names.artist_id and locations.choice = 1
left join coordinates on coordinates.artist_id = names.artist_id and coordinates.choice = 1
where names.choice = 1

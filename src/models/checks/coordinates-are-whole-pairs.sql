-- Half a coordinate is no place.
select artist_id, latitude, longitude
from artists
where (latitude is null) <> (longitude is null)

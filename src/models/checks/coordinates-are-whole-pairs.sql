-- Half a coordinate is no place.
select artist_id, latitude, longitude
from artists
where (latitude is null and longitude is not null) or (latitude is not null and longitude is null)

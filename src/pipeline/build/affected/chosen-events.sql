select event_columns
from keys_to_build
join staging.events on same_key
where within_span

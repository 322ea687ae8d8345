select 1 as found
from star_table as built
where not exists (select 1 from staged_records as record where record_counts and same_key)
limit 1

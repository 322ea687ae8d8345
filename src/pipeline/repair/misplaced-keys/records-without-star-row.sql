select distinct file_id
from staged_records as record
where record_counts and not exists (select 1 from star_table as built where same_key)

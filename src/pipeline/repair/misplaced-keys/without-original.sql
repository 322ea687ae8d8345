-- Contents of what was set aside without the record that it repeats.
select distinct file_id
from repeated_records
where not exists (select 1 from staged_records where same_key)

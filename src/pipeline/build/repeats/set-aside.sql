-- All but the first record of each key: one of every other content is a conflict, the rest are duplicates.
insert into repeated_records (record_columns, repeat)
select record_columns, case when content > 1 and occurrence = 1 then 'conflict' else 'duplicate' end
from ranked
where place > 1

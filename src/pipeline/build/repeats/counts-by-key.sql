-- How many repeats of each kind stand aside under every contested key.
select
    key_columns,
    count(case when repeat = 'duplicate' then 1 end) as duplicates,
    count(case when repeat = 'conflict' then 1 end) as conflicts
from repeated_records
where repeated_are_contested
group by key_columns

-- Keys that stand more than once in staging, or among the repeats.
select key_columns
from (
    select key_columns, 0 as aside from staged_records where staged_are_touched
    union all
    select key_columns, 1 as aside from repeated_records where repeated_are_touched
) as standing
group by key_columns
having count(*) > 1 or max(aside) = 1

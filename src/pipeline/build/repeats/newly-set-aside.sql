-- By how many the repeats of every key grew; one that became the record itself is no loss.
select
    coalesce(sum(case
        when standing.duplicates > coalesce(aside_before.duplicates, 0)
            then standing.duplicates - coalesce(aside_before.duplicates, 0) else 0
    end), 0) as duplicates,
    coalesce(sum(case
        when standing.conflicts > coalesce(aside_before.conflicts, 0)
            then standing.conflicts - coalesce(aside_before.conflicts, 0) else 0
    end), 0) as conflicts
from (counts_by_key) as standing
left join aside_before on same_key

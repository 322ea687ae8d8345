-- What the manifest says is staged stands in staging or among the repeats, file by file.
with expected as (
    select distinct kind, file_id, staged from ops.files
),

present as (
    select kind, file_id, sum(records) as records
    from (
        select 'log' as kind, file_id, count(*) as records from staging.events group by file_id
        union all
        select 'log' as kind, file_id, count(*) as records from ops.repeated_events group by file_id
        union all
        select 'song' as kind, file_id, count(*) as records from staging.songs group by file_id
        union all
        select 'song' as kind, file_id, count(*) as records from ops.repeated_songs group by file_id
    ) as counted
    group by kind, file_id
)

select
    coalesce(expected.kind, present.kind) as kind,
    coalesce(expected.file_id, present.file_id) as file_id,
    coalesce(expected.staged, 0) as said,
    coalesce(present.records, 0) as present
from expected
full join present on present.kind = expected.kind and present.file_id = expected.file_id
where coalesce(expected.staged, 0) <> coalesce(present.records, 0)

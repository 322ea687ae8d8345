-- What the manifest says was rejected stands in ops.rejects, file by file.
with expected as (
    select distinct kind, file_id, rejected from ops.files
),

present as (
    select kind, file_id, count(*) as records from ops.rejects group by kind, file_id
)

select
    coalesce(expected.kind, present.kind) as kind,
    coalesce(expected.file_id, present.file_id) as file_id,
    coalesce(expected.rejected, 0) as said,
    coalesce(present.records, 0) as present
from expected
full join present on present.kind = expected.kind and present.file_id = expected.file_id
where coalesce(expected.rejected, 0) <> coalesce(present.records, 0)

select
    file_id,
    max(lines) as lines,
    max(staged) as staged,
    max(rejected) as rejected,
    max(blank) as blank
from ops.files
where file_id in (known_ids)
group by file_id

select file.kind, drift.change, drift.key, sum(drift.records) as records, count(*) as files
from ops.drift as drift
join (select distinct kind, file_id from ops.files) as file on file.file_id = drift.file_id
where is_of_this_load
group by file.kind, drift.change, drift.key
order by records desc, key

select rule, field, count(*) as records, min(reject_id) as example
from ops.rejects
where run_id = $1
group by rule, field
order by records desc, rule, field

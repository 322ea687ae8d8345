select change, key, sum(records) as records, count(*) as files
from ops.drift
group by change, key
order by records desc, key

select run_id, command, started_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected
from ops.runs
order by started_at desc, run_id desc
limit most_runs

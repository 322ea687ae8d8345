-- What is sent to Amazon Redshift, each statement once: 6 readers.

begin read only;

select 1 as found from information_schema.tables where table_schema = 'ops' and table_name = 'warehouse';

select count(*) as records from staging.events;

select count(*) as records from staging.songs;

select run_id, command, started_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected
       from ops.runs order by started_at desc, run_id desc limit 5;

select max(ts) as ts from staging.events;

select change, key, sum(records) as records, count(*) as files
       from ops.drift group by change, key order by records desc, key;

select count(*) as records from ops.files;

select count(*) as records from ops.rejects;

select count(*) as records from ops.repeated_events where repeat = 'duplicate';

select count(*) as records from ops.repeated_songs where repeat = 'duplicate';

select count(*) as records from ops.repeated_events where repeat = 'conflict';

select count(*) as records from ops.repeated_songs where repeat = 'conflict';

select current_schema() as schema;

select "schema" as place, "table" as name, diststyle, sortkey1, tbl_rows, skew_rows, unsorted, stats_off
     from svv_table_info where "schema" in ('public', 'staging', 'ops') order by "schema", "table";

-- Plays whose song the catalogue knows; of songs with as many plays, the first by title.
select
    songs.title,
    artists.name as artist,
    count(distinct songplays.user_id) as listeners,
    count(*) as plays
from songplays
join songs on songs.song_id = songplays.song_id
join artists on artists.artist_id = songplays.artist_id
group by songs.song_id, songs.title, artists.name
order by count(*) desc, songs.title, songs.song_id
limit 10;

select
    time.hour,
    count(*) as plays
from songplays
join time on time.start_time = songplays.start_time
group by time.hour
order by time.hour;

-- A listener who changed level counts at both.
with by_level as (
    select
        songplays.level,
        count(distinct songplays.user_id) as listeners,
        count(*) as plays
    from songplays
    group by songplays.level
)
select
    by_level.level,
    by_level.listeners,
    cast(by_level.plays as double precision) / by_level.listeners as plays_per_listener,
    cast(by_level.plays as double precision) / sum(by_level.plays) over () as share,
    by_level.plays
from by_level
order by by_level.plays desc, by_level.level;

select
    songplays.location,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
where songplays.location is not null
group by songplays.location
order by count(distinct songplays.user_id) desc, count(*) desc, songplays.location
limit 8;

select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from staging.events where session_id = $1 and item_in_session = $2;

select * from songplays where songplay_id = $1 and session_id = $2;

select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat from ops.repeated_events where session_id = $1 and item_in_session = $2;

select path, file_id, sha256, run_id, loaded_at from ops.files where file_id in (1, 2) order by path;

select * from users where user_id = $1;

select * from songs where song_id = $1;

select * from artists where artist_id = $1;

select song_id, spelling, duration from ops.song_keys where artist_name = $1 and title = $2 order by song_id;

select count(*) as songs from ops.song_keys where artist_name = $1;

declare answer cursor for select level, count(*) as plays from songplays group by level order by level;

fetch forward 1000 from answer;

close answer;

explain select count(*) from songplays;

declare answer cursor for select songplay_id, start_time from songplays;

unload ('select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays') to 's3://data/exported/songplays/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

select pg_last_unload_count() as unloaded;

unload ('select user_id, first_name, last_name, gender, level from users') to 's3://data/exported/users/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

unload ('select song_id, title, artist_id, year, duration from songs') to 's3://data/exported/songs/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

unload ('select artist_id, name, location, latitude, longitude from artists') to 's3://data/exported/artists/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

unload ('select start_time, hour, day, week, month, year, weekday from time') to 's3://data/exported/time/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

unload ('select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays') to 's3://data/exported/songplays/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

unload ('select user_id, first_name, last_name, gender, level from users') to 's3://data/exported/users/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

unload ('select song_id, title, artist_id, year, duration from songs') to 's3://data/exported/songs/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

unload ('select artist_id, name, location, latitude, longitude from artists') to 's3://data/exported/artists/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

unload ('select start_time, hour, day, week, month, year, weekday from time') to 's3://data/exported/time/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

select reject_id, path, line, rule, field, value, reason, "raw", kind, rejected_at, run_id
       from (
         select rejects.reject_id, coalesce(names.path, rejects.path) as path, rejects.line, rejects.rule,
           rejects.field, rejects.value, rejects.reason, rejects."raw", rejects.kind, rejects.rejected_at, rejects.run_id
         from ops.rejects as rejects
         left join (select file_id, min(path) as path from ops.files group by file_id having count(distinct sha256) = 1) as names
           on names.file_id = rejects.file_id
       ) as named
       where 1 = 1 and rule = $1 and position($2 in path) > 0
       order by rejected_at desc, path, line, reject_id limit 51;

select reject_id, path, line, rule, field, value, reason, "raw", kind, rejected_at, run_id
       from (
         select rejects.reject_id, coalesce(names.path, rejects.path) as path, rejects.line, rejects.rule,
           rejects.field, rejects.value, rejects.reason, rejects."raw", rejects.kind, rejects.rejected_at, rejects.run_id
         from ops.rejects as rejects
         left join (select file_id, min(path) as path from ops.files group by file_id having count(distinct sha256) = 1) as names
           on names.file_id = rejects.file_id
       ) as named
       where 1 = 1
       order by rejected_at desc, path, line, reject_id limit 51;

select reject_id, path, line, rule, field, value, reason, "raw", kind, rejected_at, run_id
       from (
         select rejects.reject_id, coalesce(names.path, rejects.path) as path, rejects.line, rejects.rule,
           rejects.field, rejects.value, rejects.reason, rejects."raw", rejects.kind, rejects.rejected_at, rejects.run_id
         from ops.rejects as rejects
         left join (select file_id, min(path) as path from ops.files group by file_id having count(distinct sha256) = 1) as names
           on names.file_id = rejects.file_id
       ) as named
       where 1 = 1
       order by rejected_at desc, path, line, reject_id;

select reject_id, path, line, rule, field, value, reason, "raw", kind, rejected_at, run_id
       from (
         select rejects.reject_id, coalesce(names.path, rejects.path) as path, rejects.line, rejects.rule,
           rejects.field, rejects.value, rejects.reason, rejects."raw", rejects.kind, rejects.rejected_at, rejects.run_id
         from ops.rejects as rejects
         left join (select file_id, min(path) as path from ops.files group by file_id having count(distinct sha256) = 1) as names
           on names.file_id = rejects.file_id
       ) as named
       where reject_id = $1
       order by rejected_at desc, path, line, reject_id limit 1;

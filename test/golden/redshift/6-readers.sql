-- What is sent to Amazon Redshift: 6 readers. Of each name and shape, the first.

-- reader: begin
begin read only;

-- set up: whether there is a warehouse
select 1 as found from information_schema.tables where table_schema = 'ops' and table_name = 'warehouse';

-- status: rows of songplays
select count(*) as records from songplays;

-- status: rows of users
select count(*) as records from users;

-- status: rows of songs
select count(*) as records from songs;

-- status: rows of artists
select count(*) as records from artists;

-- status: rows of time
select count(*) as records from time;

-- status: rows of staging.events
select count(*) as records from staging.events;

-- status: rows of staging.songs
select count(*) as records from staging.songs;

-- status: latest runs
select run_id, command, started_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected
from ops.runs
order by started_at desc, run_id desc
limit 5;

-- status: the latest event
select max(ts) as ts from staging.events;

-- status: drift by key
select change, key, sum(records) as records, count(*) as files
from ops.drift
group by change, key
order by records desc, key;

-- status: rows of ops.files
select count(*) as records from ops.files;

-- status: rows of ops.rejects
select count(*) as records from ops.rejects;

-- status: rows of ops.repeated_events
select count(*) as records from ops.repeated_events where repeat = 'duplicate';

-- status: rows of ops.repeated_songs
select count(*) as records from ops.repeated_songs where repeat = 'duplicate';

-- storage: the schema of the star
select current_schema() as schema;

-- storage: how the tables lie
select "schema" as place, "table" as name, diststyle, sortkey1, tbl_rows, skew_rows, unsorted, stats_off
     from svv_table_info where "schema" in ('public', 'staging', 'ops') order by "schema", "table";

-- totals: rows of songplays
select count(*) as records from songplays;

-- totals: rows of users
select count(*) as records from users;

-- totals: rows of songs
select count(*) as records from songs;

-- totals: rows of artists
select count(*) as records from artists;

-- totals: rows of time
select count(*) as records from time;

-- report: top-songs
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

-- report: plays-by-hour
select
    time.hour,
    count(*) as plays
from songplays
join time on time.start_time = songplays.start_time
group by time.hour
order by time.hour;

-- report: paid-and-free
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

-- report: listeners-by-place
select
    songplays.location,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
where songplays.location is not null
group by songplays.location
order by count(distinct songplays.user_id) desc, count(*) desc, songplays.location
limit 8;

-- explain: the event
select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from staging.events where session_id = $1 and item_in_session = $2;

-- explain: the play
select * from songplays where songplay_id = $1 and session_id = $2;

-- explain: its repeats
select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat from ops.repeated_events where session_id = $1 and item_in_session = $2;

-- explain: its files
select path, file_id, sha256, run_id, loaded_at from ops.files where file_id in (14) order by path;

-- explain: the user
select * from users where user_id = $1;

-- explain: the song
select * from songs where song_id = $1;

-- explain: the artist
select * from artists where artist_id = $1;

-- explain: songs of its artist and title
select song_id, spelling, duration from ops.song_keys where artist_name = $1 and title = $2 order by song_id;

-- explain: songs of its artist
select count(*) as songs from ops.song_keys where artist_name = $1;

-- query: declare a cursor
declare answer cursor for select level, count(*) as plays from songplays group by level order by level;

-- query: fetch rows
fetch forward 1000 from answer;

-- query: close the cursor
close answer;

-- query: the statement
explain select count(*) from songplays;

-- query: declare a cursor
declare answer cursor for select songplay_id, start_time from songplays;

-- export: unload
unload ('select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays') to 's3://data/exported/songplays/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet;

-- export: how many rows were unloaded
select pg_last_unload_count() as unloaded;

-- export: unload
unload ('select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays') to 's3://data/exported/songplays/' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format as parquet cleanpath;

-- rejects: those that were asked for
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

-- rejects: those that were asked for
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

-- rejects: those that were asked for
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

-- rejects: those that were asked for
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

-- What is sent to Amazon Redshift: b upgrade and repair. Of each name and shape, the first.

-- upgrade: what plays are matched on
select match_on from ops.warehouse;

-- upgrade: add ops.warehouse.last_run_id
alter table ops.warehouse add column last_run_id varchar(64) encode zstd;

-- deduplicate: repeats before
create temporary table aside_before as select
    song_id,
    count(case when repeat = 'duplicate' then 1 end) as duplicates,
    count(case when repeat = 'conflict' then 1 end) as conflicts
from ops.repeated_songs
where exists (select 1 from contested where contested.song_id = ops.repeated_songs.song_id)
group by song_id;

-- deduplicate: candidates
create temporary table candidates as select file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra from staging.songs where exists (select 1 from contested where contested.song_id = staging.songs.song_id)
union all
select file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra from ops.repeated_songs where exists (select 1 from contested where contested.song_id = ops.repeated_songs.song_id);

-- deduplicate: take contested records out of staging.songs
delete from staging.songs using contested where contested.song_id = staging.songs.song_id;

-- deduplicate: take contested records out of ops.repeated_songs
delete from ops.repeated_songs using contested where contested.song_id = ops.repeated_songs.song_id;

-- deduplicate: ranks
create temporary table ranked as select
    file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra,
    row_number() over (partition by song_id order by num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra, file_id) as place,
    dense_rank() over (partition by song_id order by num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) as content,
    row_number() over (partition by song_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra order by file_id) as occurrence
from candidates;

-- deduplicate: keep the first
insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) select file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra from ranked where place = 1;

-- deduplicate: set the others aside
insert into ops.repeated_songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra, repeat)
select file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra, case when content > 1 and occurrence = 1 then 'conflict' else 'duplicate' end
from ranked
where place > 1;

-- deduplicate: newly set aside
select
    coalesce(sum(case
        when standing.duplicates > coalesce(aside_before.duplicates, 0)
            then standing.duplicates - coalesce(aside_before.duplicates, 0) else 0
    end), 0) as duplicates,
    coalesce(sum(case
        when standing.conflicts > coalesce(aside_before.conflicts, 0)
            then standing.conflicts - coalesce(aside_before.conflicts, 0) else 0
    end), 0) as conflicts
from (select
    song_id,
    count(case when repeat = 'duplicate' then 1 end) as duplicates,
    count(case when repeat = 'conflict' then 1 end) as conflicts
from ops.repeated_songs
where exists (select 1 from contested where contested.song_id = ops.repeated_songs.song_id)
group by song_id) as standing
left join aside_before on aside_before.song_id = standing.song_id;

-- upgrade: the new layout
update ops.warehouse set layout_version = $1, created_by = $2, last_run_id = null;

-- lock tables
lock artists, ops.drift, ops.files, ops.rejects, ops.repeated_events, ops.repeated_songs, ops.runs, ops.song_keys, ops.user_levels, ops.warehouse, songplays, staging.events, staging.songs, time, users;

-- upgrade: add users.level
alter table users add column level varchar(16) encode bytedict;

-- What is sent to Amazon Redshift: 5 replay refresh and match. Of each name and shape, the first.

-- replay: the rejects
select reject_id, file_id, kind, rule, "raw" from ops.rejects order by file_id, line;

-- append: staging.events, few rows
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (cast($1 as integer), $2, $3, $4, $5, cast($6 as bigint), $7, cast($8 as double precision), $9, $10, $11, $12, cast($13 as double precision), cast($14 as bigint), $15, cast($16 as bigint), cast($17 as bigint), $18, $19, $20);

-- replay: remove accepted rejects
delete from ops.rejects where reject_id in ('7:1');

-- replay: balance of a file
update ops.files set staged = staged + 1, rejected = rejected - 1 where file_id = 7;

-- replay: what plays are matched on
select match_on from ops.warehouse;

-- repair: contents that fail staged-rows-are-accounted
select distinct file_id from (-- What the manifest says is staged stands in staging or among the repeats, file by file.
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
) as failing;

-- repair: contents that fail rejects-are-accounted
select distinct file_id from (-- What the manifest says was rejected stands in ops.rejects, file by file.
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
) as failing;

-- repair: contents that fail files-balance
select distinct file_id from (-- For every file: lines = staged + rejected + blank.
select kind, path, file_id, lines, staged, rejected, blank
from ops.files
where lines <> staged + rejected + blank
) as failing;

-- repair: keys that stand twice in ops.files
select distinct ops.files.file_id from ops.files
       join (select kind, path from ops.files group by kind, path having count(*) > 1) as doubled
         on doubled.kind = ops.files.kind and doubled.path = ops.files.path;

-- repair: keys that stand twice in staging.events
select distinct staging.events.file_id from staging.events
       join (select session_id, item_in_session from staging.events group by session_id, item_in_session having count(*) > 1) as doubled
         on doubled.session_id = staging.events.session_id and doubled.item_in_session = staging.events.item_in_session;

-- repair: keys that stand twice in staging.songs
select distinct staging.songs.file_id from staging.songs
       join (select song_id from staging.songs group by song_id having count(*) > 1) as doubled
         on doubled.song_id = staging.songs.song_id;

-- repair: ops.repeated_events without original
select distinct file_id
from ops.repeated_events
where not exists (select 1 from staging.events where staging.events.session_id = ops.repeated_events.session_id and staging.events.item_in_session = ops.repeated_events.item_in_session);

-- repair: ops.repeated_songs without original
select distinct file_id
from ops.repeated_songs
where not exists (select 1 from staging.songs where staging.songs.song_id = ops.repeated_songs.song_id);

-- repair: songplays of no record
select 1 as found
from songplays as built
where not exists (select 1 from staging.events as record where page = 'NextSong' and built.session_id = record.session_id and built.songplay_id =
      cast(record.session_id as varchar) || '-' || cast(record.item_in_session as varchar))
limit 1;

-- repair: songs of no record
select 1 as found
from songs as built
where not exists (select 1 from staging.songs as record where 1 = 1 and built.song_id = record.song_id)
limit 1;

-- build songs: its model
create temporary table built_songs as select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from staging.songs as song;

-- build songs: what stands
create temporary table standing_songs as select song_id, title, artist_id, year, duration from songs where 1 = 1;

-- build artists: its model
create temporary table built_artists as with names as (
    select
        artist_id,
        artist_name,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_name), artist_name
        ) as choice
    from staging.songs
    group by artist_id, artist_name
),
locations as (
    select
        artist_id,
        artist_location,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_location), artist_location
        ) as choice
    from staging.songs
    where artist_location <> ''
    group by artist_id, artist_location
),
coordinates as (
    select
        artist_id,
        artist_latitude,
        artist_longitude,
        row_number() over (
            partition by artist_id
            order by count(*) desc, artist_latitude, artist_longitude
        ) as choice
    from staging.songs
    where artist_latitude is not null and artist_longitude is not null
    group by artist_id, artist_latitude, artist_longitude
)
select
    names.artist_id,
    names.artist_name as name,
    locations.artist_location as location,
    coordinates.artist_latitude as latitude,
    coordinates.artist_longitude as longitude
from names
left join locations on locations.artist_id = names.artist_id and locations.choice = 1
left join coordinates on coordinates.artist_id = names.artist_id and coordinates.choice = 1
where names.choice = 1;

-- build artists: what stands
create temporary table standing_artists as select artist_id, name, location, latitude, longitude from artists where 1 = 1;

-- build songplays: its model
create temporary table built_songplays as with ranked_song_keys as (
    select
        song_key.title,
        song_key.artist_name,
        song_key.duration,
        song_key.song_id,
        song_key.artist_id,
        row_number() over (
            partition by song_key.title, song_key.artist_name, song_key.duration
            order by song_key.song_id
        ) as choice
    from ops.song_keys as song_key
),
catalogue as (
    select title, artist_name, duration, song_id, artist_id
    from ranked_song_keys
    where choice = 1
)
select
    cast(event.session_id as varchar) || '-' || cast(event.item_in_session as varchar) as songplay_id,
    dateadd(ms, cast(mod(event.ts, 86400000) as integer), dateadd(day, cast((event.ts) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) as start_time,
    event.user_id,
    event.level,
    catalogue.song_id,
    catalogue.artist_id,
    event.session_id,
    nullif(event.location, '') as location,
    event.user_agent
from staging.events as event
left join catalogue
    on rtrim(event.song, ' ') = catalogue.title
    and rtrim(event.artist, ' ') = catalogue.artist_name
    and event.length = catalogue.duration
where event.page = 'NextSong';

-- build songplays: what stands
create temporary table standing_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays where 1 = 1;

-- build time: its model
create temporary table built_time as select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from songplays) as play;

-- build time: what stands
create temporary table standing_time as select start_time, hour, day, week, month, year, weekday from time where 1 = 1;

-- build users: its model
create temporary table built_users as with latest_moments as (
    select user_id, max(ts) as ts
    from staging.events as event
    where user_id <> ''
    group by user_id
),
latest_first as (
    select
        event.user_id,
        event.first_name,
        event.last_name,
        event.gender,
        event.level,
        row_number() over (
            partition by event.user_id
            order by event.session_id desc, event.item_in_session desc
        ) as age
    from staging.events as event
    join latest_moments on latest_moments.user_id = event.user_id and latest_moments.ts = event.ts
)
select
    user_id,
    nullif(first_name, '') as first_name,
    nullif(last_name, '') as last_name,
    nullif(gender, '') as gender,
    level
from latest_first
where age = 1;

-- build users: what stands
create temporary table standing_users as select user_id, first_name, last_name, gender, level from users where 1 = 1;

-- build ops.user_levels: its model
create temporary table built_user_levels as with spans as (
    select
        user_id,
        min(level) as lowest_level,
        max(level) as highest_level,
        min(ts) as first_ts
    from staging.events as event
    where user_id <> ''
    group by user_id
),
moments as (
    select
        event.user_id,
        event.ts,
        event.level,
        row_number() over (
            partition by event.user_id, event.ts
            order by event.session_id desc, event.item_in_session desc
        ) as age
    from staging.events as event
    join spans on spans.user_id = event.user_id and spans.lowest_level <> spans.highest_level
),
steps as (
    select user_id, dateadd(ms, cast(mod(spans.first_ts, 86400000) as integer), dateadd(day, cast((spans.first_ts) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) as moment, lowest_level as level
    from spans
    where lowest_level = highest_level
    union all
    select user_id, dateadd(ms, cast(mod(moments.ts, 86400000) as integer), dateadd(day, cast((moments.ts) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) as moment, level
    from moments
    where age = 1
    union all
    select before.user_id, before.valid_from as moment, before.level
    from (select user_id, level, valid_from from ops.user_levels where 1 = 0) as before
),
compared as (
    select
        user_id,
        moment,
        level,
        lag(level) over (partition by user_id order by moment) as previous_level
    from steps
),
changes as (
    select user_id, level, moment
    from compared
    where previous_level is null or previous_level <> level
)
select
    user_id,
    level,
    moment as valid_from,
    lead(moment) over (partition by user_id order by moment) as valid_to
from changes;

-- build ops.user_levels: what stands
create temporary table standing_user_levels as select user_id, level, valid_from, valid_to from ops.user_levels where 1 = 1;

-- check: staged-rows-are-accounted
select count(*) as failures from (-- What the manifest says is staged stands in staging or among the repeats, file by file.
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
) as failing;

-- check: rejects-are-accounted
select count(*) as failures from (-- What the manifest says was rejected stands in ops.rejects, file by file.
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
) as failing;

-- check: repeats-have-their-original
select count(*) as failures from (-- What is set aside as a repeat has the record that it repeats, or lost to, in staging.
select 'log' as kind, cast(aside.session_id as varchar) || '-' || cast(aside.item_in_session as varchar) as record
from ops.repeated_events as aside
where not exists (
    select 1 from staging.events as event
    where event.session_id = aside.session_id and event.item_in_session = aside.item_in_session
)
union all
select 'song' as kind, aside.song_id as record
from ops.repeated_songs as aside
where not exists (select 1 from staging.songs as song where song.song_id = aside.song_id)
) as failing;

-- repair: records without a row in songplays
select distinct file_id
from staging.events as record
where page = 'NextSong' and not exists (select 1 from songplays as built where built.session_id = record.session_id and built.songplay_id =
      cast(record.session_id as varchar) || '-' || cast(record.item_in_session as varchar));

-- copy: make read_records
create temporary table read_records_11 (record super);

-- copy: records
copy read_records_11 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/songs-11.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_11;

-- copy: make read_records
create temporary table read_records_12 (record super);

-- copy: records
copy read_records_12 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-12.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_12;

-- copy: drop read_records
drop table if exists read_records_12;

-- copy: make read_records
create temporary table read_records_13 (record super);

-- copy: records
copy read_records_13 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-13.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest gzip maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_13;

-- copy: drop read_records
drop table if exists read_records_13;

-- copy: make read_records
create temporary table read_records_14 (record super);

-- copy: records
copy read_records_14 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-14.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest zstd maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_14;

-- repair: remove rows of unknown contents from staging.events
delete from staging.events where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = staging.events.file_id));

-- repair: remove rows of unknown contents from ops.repeated_events
delete from ops.repeated_events where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = ops.repeated_events.file_id));

-- repair: remove rows of unknown contents from staging.songs
delete from staging.songs where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = staging.songs.file_id));

-- repair: remove rows of unknown contents from ops.repeated_songs
delete from ops.repeated_songs where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = ops.repeated_songs.file_id));

-- repair: remove rows of unknown contents from ops.rejects
delete from ops.rejects where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = ops.rejects.file_id));

-- repair: remove rows of unknown contents from ops.drift
delete from ops.drift where file_id is null
       or (1 = 1 and not exists (select 1 from ops.files where ops.files.file_id = ops.drift.file_id));

-- drift: records that are objects
select count(*) as records from read_records_11 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_11 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- drift: number the records
insert into read_rows (record) select record from read_records_11;

-- copy: drop read_records
drop table if exists read_records_11;

-- drift: records that are objects
select count(*) as records from read_records_12 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_12 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- drift: number the records
insert into read_rows (record) select record from read_records_12;

-- drift: records that are objects
select count(*) as records from read_records_13 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_13 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 13, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
select artist, auth, first_name, gender, case when abs(item_in_session) <= 9007199254740991 then cast(item_in_session as bigint) end as item_in_session, last_name, case when length = 0 then 0 else length end as length, level, location, method, page, case when registration = 0 then 0 else registration end as registration, case when abs(session_id) <= 9007199254740991 then cast(session_id as bigint) end as session_id, song, case when abs(status) <= 9007199254740991 then cast(status as bigint) end as status, case when abs(ts) <= 9007199254740991 then cast(ts as bigint) end as ts, user_agent, user_id, extra
from (
  select artist, artist_type, auth, auth_type, first_name, first_name_type, gender, gender_type, item_in_session, item_in_session_type, last_name, last_name_type, length, length_type, level, level_type, location, location_type, method, method_type, page, page_type, registration, registration_type, session_id, session_id_type, song, song_type, status, status_type, ts, ts_type, user_agent, user_agent_type, user_id, user_id_type, record, record_type, extra, case
    when record_type <> 'object' then 1
    when extra_bytes > 65535 then 2
    when artist_type not in ('string', 'null') then 3
    when octet_length(artist) > 1024 then 4
    when auth_type not in ('string', 'null') then 5
    when octet_length(auth) > 64 then 6
    when first_name_type not in ('string', 'null') then 7
    when octet_length(first_name) > 256 then 8
    when gender_type not in ('string', 'null') then 9
    when octet_length(gender) > 16 then 10
    when coalesce(item_in_session_type, 'null') = 'null' then 11
    when item_in_session_type not in ('number', 'null') or floor(item_in_session) <> item_in_session then 12
    when (item_in_session_type = 'number' and item_in_session is null) or abs(item_in_session) > 9007199254740991 or item_in_session < 0 then 13
    when last_name_type not in ('string', 'null') then 14
    when octet_length(last_name) > 256 then 15
    when length_type not in ('number', 'null') then 16
    when (length_type = 'number' and length is null) or length < 0 then 17
    when coalesce(level_type, 'null') = 'null' then 18
    when level_type not in ('string', 'null') then 19
    when level not in ('free', 'paid') then 20
    when location_type not in ('string', 'null') then 21
    when octet_length(location) > 512 then 22
    when method_type not in ('string', 'null') then 23
    when octet_length(method) > 16 then 24
    when coalesce(page_type, 'null') = 'null' then 25
    when page_type not in ('string', 'null') then 26
    when octet_length(page) > 64 then 27
    when registration_type not in ('number', 'null') then 28
    when (registration_type = 'number' and registration is null) then 29
    when coalesce(session_id_type, 'null') = 'null' then 30
    when session_id_type not in ('number', 'null') or floor(session_id) <> session_id then 31
    when (session_id_type = 'number' and session_id is null) or abs(session_id) > 9007199254740991 or session_id < 0 then 32
    when song_type not in ('string', 'null') then 33
    when octet_length(song) > 1024 then 34
    when status_type not in ('number', 'null') or floor(status) <> status then 35
    when (status_type = 'number' and status is null) or abs(status) > 9007199254740991 then 36
    when coalesce(ts_type, 'null') = 'null' then 37
    when ts_type not in ('number', 'null') or floor(ts) <> ts then 38
    when (ts_type = 'number' and ts is null) or abs(ts) > 9007199254740991 or ts < 946684800000 or ts > 1767312000000 then 39
    when user_agent_type not in ('string', 'null') then 40
    when octet_length(user_agent) > 1024 then 41
    when user_id_type not in ('string', 'null') then 42
    when octet_length(user_id) > 64 then 43
    when page = 'NextSong' and (user_id is null or user_id = '') then 44
    when page = 'NextSong' and (song is null or song = '') then 45
    when page = 'NextSong' and (artist is null or artist = '') then 46
    when page = 'NextSong' and (length is null) then 47
    else 0 end as fault
  from (
    select case json_typeof(source.record."artist") when 'string' then cast(source.record."artist" as varchar(65535)) end as artist,
      json_typeof(source.record."artist") as artist_type,
      case json_typeof(source.record."auth") when 'string' then cast(source.record."auth" as varchar(65535)) end as auth,
      json_typeof(source.record."auth") as auth_type,
      case json_typeof(source.record."firstName") when 'string' then cast(source.record."firstName" as varchar(65535)) end as first_name,
      json_typeof(source.record."firstName") as first_name_type,
      case json_typeof(source.record."gender") when 'string' then cast(source.record."gender" as varchar(65535)) end as gender,
      json_typeof(source.record."gender") as gender_type,
      case json_typeof(source.record."itemInSession") when 'number' then cast(source.record."itemInSession" as double precision) end as item_in_session,
      json_typeof(source.record."itemInSession") as item_in_session_type,
      case json_typeof(source.record."lastName") when 'string' then cast(source.record."lastName" as varchar(65535)) end as last_name,
      json_typeof(source.record."lastName") as last_name_type,
      case json_typeof(source.record."length") when 'number' then cast(source.record."length" as double precision) end as length,
      json_typeof(source.record."length") as length_type,
      case json_typeof(source.record."level") when 'string' then cast(source.record."level" as varchar(65535)) end as level,
      json_typeof(source.record."level") as level_type,
      case json_typeof(source.record."location") when 'string' then cast(source.record."location" as varchar(65535)) end as location,
      json_typeof(source.record."location") as location_type,
      case json_typeof(source.record."method") when 'string' then cast(source.record."method" as varchar(65535)) end as method,
      json_typeof(source.record."method") as method_type,
      case json_typeof(source.record."page") when 'string' then cast(source.record."page" as varchar(65535)) end as page,
      json_typeof(source.record."page") as page_type,
      case json_typeof(source.record."registration") when 'number' then cast(source.record."registration" as double precision) end as registration,
      json_typeof(source.record."registration") as registration_type,
      case json_typeof(source.record."sessionId") when 'number' then cast(source.record."sessionId" as double precision) end as session_id,
      json_typeof(source.record."sessionId") as session_id_type,
      case json_typeof(source.record."song") when 'string' then cast(source.record."song" as varchar(65535)) end as song,
      json_typeof(source.record."song") as song_type,
      case json_typeof(source.record."status") when 'number' then cast(source.record."status" as double precision) end as status,
      json_typeof(source.record."status") as status_type,
      case json_typeof(source.record."ts") when 'number' then cast(source.record."ts" as double precision) end as ts,
      json_typeof(source.record."ts") as ts_type,
      case json_typeof(source.record."userAgent") when 'string' then cast(source.record."userAgent" as varchar(65535)) end as user_agent,
      json_typeof(source.record."userAgent") as user_agent_type,
      case json_typeof(source.record."userId") when 'string' then cast(source.record."userId" as varchar(65535)) end as user_id,
      json_typeof(source.record."userId") as user_id_type,
      source.record,
      json_typeof(source.record) as record_type,
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_13 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- drift: records that are objects
select count(*) as records from read_records_14 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_14 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 14, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
select artist, auth, first_name, gender, case when abs(item_in_session) <= 9007199254740991 then cast(item_in_session as bigint) end as item_in_session, last_name, case when length = 0 then 0 else length end as length, level, location, method, page, case when registration = 0 then 0 else registration end as registration, case when abs(session_id) <= 9007199254740991 then cast(session_id as bigint) end as session_id, song, case when abs(status) <= 9007199254740991 then cast(status as bigint) end as status, case when abs(ts) <= 9007199254740991 then cast(ts as bigint) end as ts, user_agent, user_id, extra
from (
  select artist, artist_type, auth, auth_type, first_name, first_name_type, gender, gender_type, item_in_session, item_in_session_type, last_name, last_name_type, length, length_type, level, level_type, location, location_type, method, method_type, page, page_type, registration, registration_type, session_id, session_id_type, song, song_type, status, status_type, ts, ts_type, user_agent, user_agent_type, user_id, user_id_type, record, record_type, extra, case
    when record_type <> 'object' then 1
    when extra_bytes > 65535 then 2
    when artist_type not in ('string', 'null') then 3
    when octet_length(artist) > 1024 then 4
    when auth_type not in ('string', 'null') then 5
    when octet_length(auth) > 64 then 6
    when first_name_type not in ('string', 'null') then 7
    when octet_length(first_name) > 256 then 8
    when gender_type not in ('string', 'null') then 9
    when octet_length(gender) > 16 then 10
    when coalesce(item_in_session_type, 'null') = 'null' then 11
    when item_in_session_type not in ('number', 'null') or floor(item_in_session) <> item_in_session then 12
    when (item_in_session_type = 'number' and item_in_session is null) or abs(item_in_session) > 9007199254740991 or item_in_session < 0 then 13
    when last_name_type not in ('string', 'null') then 14
    when octet_length(last_name) > 256 then 15
    when length_type not in ('number', 'null') then 16
    when (length_type = 'number' and length is null) or length < 0 then 17
    when coalesce(level_type, 'null') = 'null' then 18
    when level_type not in ('string', 'null') then 19
    when level not in ('free', 'paid') then 20
    when location_type not in ('string', 'null') then 21
    when octet_length(location) > 512 then 22
    when method_type not in ('string', 'null') then 23
    when octet_length(method) > 16 then 24
    when coalesce(page_type, 'null') = 'null' then 25
    when page_type not in ('string', 'null') then 26
    when octet_length(page) > 64 then 27
    when registration_type not in ('number', 'null') then 28
    when (registration_type = 'number' and registration is null) then 29
    when coalesce(session_id_type, 'null') = 'null' then 30
    when session_id_type not in ('number', 'null') or floor(session_id) <> session_id then 31
    when (session_id_type = 'number' and session_id is null) or abs(session_id) > 9007199254740991 or session_id < 0 then 32
    when song_type not in ('string', 'null') then 33
    when octet_length(song) > 1024 then 34
    when status_type not in ('number', 'null') or floor(status) <> status then 35
    when (status_type = 'number' and status is null) or abs(status) > 9007199254740991 then 36
    when coalesce(ts_type, 'null') = 'null' then 37
    when ts_type not in ('number', 'null') or floor(ts) <> ts then 38
    when (ts_type = 'number' and ts is null) or abs(ts) > 9007199254740991 or ts < 946684800000 or ts > 1767312000000 then 39
    when user_agent_type not in ('string', 'null') then 40
    when octet_length(user_agent) > 1024 then 41
    when user_id_type not in ('string', 'null') then 42
    when octet_length(user_id) > 64 then 43
    when page = 'NextSong' and (user_id is null or user_id = '') then 44
    when page = 'NextSong' and (song is null or song = '') then 45
    when page = 'NextSong' and (artist is null or artist = '') then 46
    when page = 'NextSong' and (length is null) then 47
    else 0 end as fault
  from (
    select case json_typeof(source.record."artist") when 'string' then cast(source.record."artist" as varchar(65535)) end as artist,
      json_typeof(source.record."artist") as artist_type,
      case json_typeof(source.record."auth") when 'string' then cast(source.record."auth" as varchar(65535)) end as auth,
      json_typeof(source.record."auth") as auth_type,
      case json_typeof(source.record."firstName") when 'string' then cast(source.record."firstName" as varchar(65535)) end as first_name,
      json_typeof(source.record."firstName") as first_name_type,
      case json_typeof(source.record."gender") when 'string' then cast(source.record."gender" as varchar(65535)) end as gender,
      json_typeof(source.record."gender") as gender_type,
      case json_typeof(source.record."itemInSession") when 'number' then cast(source.record."itemInSession" as double precision) end as item_in_session,
      json_typeof(source.record."itemInSession") as item_in_session_type,
      case json_typeof(source.record."lastName") when 'string' then cast(source.record."lastName" as varchar(65535)) end as last_name,
      json_typeof(source.record."lastName") as last_name_type,
      case json_typeof(source.record."length") when 'number' then cast(source.record."length" as double precision) end as length,
      json_typeof(source.record."length") as length_type,
      case json_typeof(source.record."level") when 'string' then cast(source.record."level" as varchar(65535)) end as level,
      json_typeof(source.record."level") as level_type,
      case json_typeof(source.record."location") when 'string' then cast(source.record."location" as varchar(65535)) end as location,
      json_typeof(source.record."location") as location_type,
      case json_typeof(source.record."method") when 'string' then cast(source.record."method" as varchar(65535)) end as method,
      json_typeof(source.record."method") as method_type,
      case json_typeof(source.record."page") when 'string' then cast(source.record."page" as varchar(65535)) end as page,
      json_typeof(source.record."page") as page_type,
      case json_typeof(source.record."registration") when 'number' then cast(source.record."registration" as double precision) end as registration,
      json_typeof(source.record."registration") as registration_type,
      case json_typeof(source.record."sessionId") when 'number' then cast(source.record."sessionId" as double precision) end as session_id,
      json_typeof(source.record."sessionId") as session_id_type,
      case json_typeof(source.record."song") when 'string' then cast(source.record."song" as varchar(65535)) end as song,
      json_typeof(source.record."song") as song_type,
      case json_typeof(source.record."status") when 'number' then cast(source.record."status" as double precision) end as status,
      json_typeof(source.record."status") as status_type,
      case json_typeof(source.record."ts") when 'number' then cast(source.record."ts" as double precision) end as ts,
      json_typeof(source.record."ts") as ts_type,
      case json_typeof(source.record."userAgent") when 'string' then cast(source.record."userAgent" as varchar(65535)) end as user_agent,
      json_typeof(source.record."userAgent") as user_agent_type,
      case json_typeof(source.record."userId") when 'string' then cast(source.record."userId" as varchar(65535)) end as user_id,
      json_typeof(source.record."userId") as user_id_type,
      source.record,
      json_typeof(source.record) as record_type,
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_14 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_14;

-- affected: touched_songs of staging.songs
insert into touched_songs select song_id, artist_id from staging.songs
       where (file_id = 1 or file_id = 6 or file_id = 11);

-- affected: touched_songs of ops.repeated_songs
insert into touched_songs select song_id, artist_id from ops.repeated_songs
       where (file_id = 1 or file_id = 6 or file_id = 11);

-- stage: remove contents that went from staging.songs
delete from staging.songs where file_id in (1, 6);

-- stage: remove contents that went from ops.repeated_songs
delete from ops.repeated_songs where file_id in (1, 6);

-- affected: touched_events of staging.events
insert into touched_events select session_id, item_in_session, user_id, ts from staging.events
       where (file_id between 3 and 5 or file_id between 7 and 10 or file_id between 12 and 16);

-- affected: touched_events of ops.repeated_events
insert into touched_events select session_id, item_in_session, user_id, ts from ops.repeated_events
       where (file_id between 3 and 5 or file_id between 7 and 10 or file_id between 12 and 16);

-- build songplays: second copies go
insert into gone_songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent)
       select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from standing_songplays group by songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent having count(*) > 1
       except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from gone_songplays;

-- build songplays: the right row of a key comes again
insert into fresh_songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent)
         select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from built_songplays where exists (select 1 from gone_songplays where gone_songplays.songplay_id = built_songplays.songplay_id)
         except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from fresh_songplays;

-- build time: take rows out
delete from time using gone_time where gone_time.start_time = time.start_time;

-- build songplays: its model
create temporary table built_songplays as with ranked_song_keys as (
    select
        song_key.title,
        song_key.artist_name,
        song_key.duration,
        song_key.song_id,
        song_key.artist_id,
        row_number() over (
            partition by song_key.title, song_key.artist_name, song_key.duration
            order by song_key.song_id
        ) as choice
    from (select song_id, artist_id, title, artist_name, 0 as duration from ops.song_keys) as song_key
),
catalogue as (
    select title, artist_name, duration, song_id, artist_id
    from ranked_song_keys
    where choice = 1
)
select
    cast(event.session_id as varchar) || '-' || cast(event.item_in_session as varchar) as songplay_id,
    dateadd(ms, cast(mod(event.ts, 86400000) as integer), dateadd(day, cast((event.ts) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) as start_time,
    event.user_id,
    event.level,
    catalogue.song_id,
    catalogue.artist_id,
    event.session_id,
    nullif(event.location, '') as location,
    event.user_agent
from staging.events as event
left join catalogue
    on rtrim(event.song, ' ') = catalogue.title
    and rtrim(event.artist, ' ') = catalogue.artist_name
    and 0 = catalogue.duration
where event.page = 'NextSong';

-- record: what plays are matched on
update ops.warehouse set match_on = $1;

-- What is sent to Amazon Redshift: 2 later loads by the cluster. Of each name and shape, the first.

-- load: whether a file was loaded before
select path from ops.files where kind = 'log' limit 1;

-- copy: make read_records
create temporary table read_records_5 (record super);

-- copy: records
copy read_records_5 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-5.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_5;

-- drift: records that are objects
select count(*) as records from read_records_5 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_5 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 5, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
    from read_records_5 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_5;

-- deduplicate: contested keys
create temporary table contested as select song_id
from (
    select song_id, 0 as aside from staging.songs where exists (select 1 from touched_songs as touched where touched.song_id = staging.songs.song_id)
    union all
    select song_id, 1 as aside from ops.repeated_songs where exists (select 1 from touched_songs as touched where touched.song_id = ops.repeated_songs.song_id)
) as standing
group by song_id
having count(*) > 1 or max(aside) = 1;

-- affected: touched_events of staging.events
insert into touched_events select session_id, item_in_session, user_id, ts from staging.events
       where (file_id = 5);

-- affected: touched_events of ops.repeated_events
insert into touched_events select session_id, item_in_session, user_id, ts from ops.repeated_events
       where (file_id = 5);

-- deduplicate: contested keys
create temporary table contested as select session_id, item_in_session
from (
    select session_id, item_in_session, 0 as aside from staging.events where exists (select 1 from touched_events as touched where touched.session_id = staging.events.session_id and touched.item_in_session = staging.events.item_in_session)
    union all
    select session_id, item_in_session, 1 as aside from ops.repeated_events where exists (select 1 from touched_events as touched where touched.session_id = ops.repeated_events.session_id and touched.item_in_session = ops.repeated_events.item_in_session)
) as standing
group by session_id, item_in_session
having count(*) > 1 or max(aside) = 1;

-- song keys: touched ones before
create temporary table touched_keys as select title, artist_name from ops.song_keys where exists (select 1 from touched_songs as touched where touched.song_id = ops.song_keys.song_id);

-- song keys: take touched ones out
delete from ops.song_keys using touched_songs where touched_songs.song_id = ops.song_keys.song_id;

-- song keys: own spellings
insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration)
select song_id, artist_id, 'own', rtrim(title, ' '), rtrim(artist_name, ' '), duration
from staging.songs
where exists (select 1 from touched_songs as touched where touched.song_id = staging.songs.song_id);

-- song keys: accented songs
select song_id, artist_id, title, artist_name, duration
from ops.song_keys
where spelling = 'own' and exists (select 1 from touched_songs as touched where touched.song_id = ops.song_keys.song_id)
    and (octet_length(title) > length(title) or octet_length(artist_name) > length(artist_name));

-- song keys: touched ones after
insert into touched_keys
     select title, artist_name from ops.song_keys where exists (select 1 from touched_songs as touched where touched.song_id = ops.song_keys.song_id);

-- build songs: its model
create temporary table built_songs as select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from (select * from staging.songs where exists (select 1 from touched_songs where touched_songs.song_id = staging.songs.song_id)) as song;

-- build songs: what stands
create temporary table standing_songs as select song_id, title, artist_id, year, duration from songs where exists (select 1 from touched_songs where touched_songs.song_id = songs.song_id);

-- build songs: what goes
create temporary table gone_songs as select song_id, title, artist_id, year, duration from standing_songs except select song_id, title, artist_id, year, duration from built_songs;

-- build songs: what comes
create temporary table fresh_songs as select song_id, title, artist_id, year, duration from built_songs except select song_id, title, artist_id, year, duration from standing_songs;

-- build songs: counts
select (select count(*) from gone_songs) as gone, (select count(*) from fresh_songs) as fresh,
       (select count(*) from fresh_songs where exists (select 1 from gone_songs where gone_songs.song_id = fresh_songs.song_id)) as updated,
       (select count(*) from standing_songs) as standing, (select count(*) from built_songs) as built;

-- temporary tables: drop built_songs
drop table if exists built_songs;

-- temporary tables: drop standing_songs
drop table if exists standing_songs;

-- build artists: its model
create temporary table built_artists as with names as (
    select
        artist_id,
        artist_name,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_name), artist_name
        ) as choice
    from (select * from staging.songs where exists (select 1 from touched_songs where touched_songs.artist_id = staging.songs.artist_id)) as artist_song
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
    from (select * from staging.songs where exists (select 1 from touched_songs where touched_songs.artist_id = staging.songs.artist_id)) as artist_song
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
    from (select * from staging.songs where exists (select 1 from touched_songs where touched_songs.artist_id = staging.songs.artist_id)) as artist_song
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
create temporary table standing_artists as select artist_id, name, location, latitude, longitude from artists where exists (select 1 from touched_songs where touched_songs.artist_id = artists.artist_id);

-- build artists: what goes
create temporary table gone_artists as select artist_id, name, location, latitude, longitude from standing_artists except select artist_id, name, location, latitude, longitude from built_artists;

-- build artists: what comes
create temporary table fresh_artists as select artist_id, name, location, latitude, longitude from built_artists except select artist_id, name, location, latitude, longitude from standing_artists;

-- build artists: counts
select (select count(*) from gone_artists) as gone, (select count(*) from fresh_artists) as fresh,
       (select count(*) from fresh_artists where exists (select 1 from gone_artists where gone_artists.artist_id = fresh_artists.artist_id)) as updated,
       (select count(*) from standing_artists) as standing, (select count(*) from built_artists) as built;

-- temporary tables: drop built_artists
drop table if exists built_artists;

-- temporary tables: drop standing_artists
drop table if exists standing_artists;

-- affected: touched songs and span of events
select
    (select count(*) from touched_keys) as songs,
    (select min(ts) from touched_events) as first_ts,
    (select max(ts) from touched_events) as last_ts;

-- affected: keys to build
create temporary table keys_to_build as select
    session_id,
    item_in_session,
    cast(session_id as varchar) || '-' || cast(item_in_session as varchar) as songplay_id
from (select session_id, item_in_session from touched_events) as touched
group by session_id, item_in_session;

-- affected: chosen events
create temporary table chosen_events as select staging.events.file_id, staging.events.artist, staging.events.auth, staging.events.first_name, staging.events.gender, staging.events.item_in_session, staging.events.last_name, staging.events.length, staging.events.level, staging.events.location, staging.events.method, staging.events.page, staging.events.registration, staging.events.session_id, staging.events.song, staging.events.status, staging.events.ts, staging.events.user_agent, staging.events.user_id, staging.events.extra
from keys_to_build
join staging.events on keys_to_build.session_id = staging.events.session_id and keys_to_build.item_in_session = staging.events.item_in_session
where staging.events.ts between 1541106146796 and 1541106147796;

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
from chosen_events as event
left join catalogue
    on rtrim(event.song, ' ') = catalogue.title
    and rtrim(event.artist, ' ') = catalogue.artist_name
    and event.length = catalogue.duration
where event.page = 'NextSong';

-- build songplays: what stands
create temporary table standing_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays where start_time between dateadd(ms, cast(mod(1541106146796, 86400000) as integer), dateadd(day, cast((1541106146796) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) and dateadd(ms, cast(mod(1541106147796, 86400000) as integer), dateadd(day, cast((1541106147796) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) and exists (select 1 from keys_to_build
         where keys_to_build.session_id = songplays.session_id and keys_to_build.songplay_id = songplays.songplay_id);

-- build songplays: what goes
create temporary table gone_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from standing_songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from built_songplays;

-- build songplays: what comes
create temporary table fresh_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from built_songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from standing_songplays;

-- build songplays: counts
select (select count(*) from gone_songplays) as gone, (select count(*) from fresh_songplays) as fresh,
       (select count(*) from fresh_songplays where exists (select 1 from gone_songplays where gone_songplays.songplay_id = fresh_songplays.songplay_id)) as updated,
       (select count(*) from standing_songplays) as standing, (select count(*) from built_songplays) as built;

-- build songplays: put rows in
insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from fresh_songplays;

-- temporary tables: drop built_songplays
drop table if exists built_songplays;

-- temporary tables: drop standing_songplays
drop table if exists standing_songplays;

-- affected: touched times
create temporary table touched_times as select start_time from gone_songplays union select start_time from fresh_songplays;

-- build time: its model
create temporary table built_time as select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from (select start_time from songplays where start_time in (select start_time from touched_times)) as touched_play) as play;

-- build time: what stands
create temporary table standing_time as select start_time, hour, day, week, month, year, weekday from time where start_time in (select start_time from touched_times);

-- build time: what goes
create temporary table gone_time as select start_time, hour, day, week, month, year, weekday from standing_time except select start_time, hour, day, week, month, year, weekday from built_time;

-- build time: what comes
create temporary table fresh_time as select start_time, hour, day, week, month, year, weekday from built_time except select start_time, hour, day, week, month, year, weekday from standing_time;

-- build time: counts
select (select count(*) from gone_time) as gone, (select count(*) from fresh_time) as fresh,
       (select count(*) from fresh_time where exists (select 1 from gone_time where gone_time.start_time = fresh_time.start_time)) as updated,
       (select count(*) from standing_time) as standing, (select count(*) from built_time) as built;

-- build time: put rows in
insert into time (start_time, hour, day, week, month, year, weekday) select start_time, hour, day, week, month, year, weekday from fresh_time;

-- temporary tables: drop built_time
drop table if exists built_time;

-- temporary tables: drop standing_time
drop table if exists standing_time;

-- affected: first touched event
select min(ts) as first_ts from touched_events;

-- affected: touched users
create temporary table touched_users as select user_id, from_ts, dateadd(ms, cast(mod(from_ts, 86400000) as integer), dateadd(day, cast((from_ts) / 86400000 as integer), timestamp '1970-01-01 00:00:00')) as from_time
from (
    select touched.user_id, case when count(event.ts) = 0 then 0 else touched.from_ts end as from_ts
    from (
        select user_id, min(ts) as from_ts from touched_events where user_id <> '' group by user_id
    ) as touched
    left join staging.events as event on event.user_id = touched.user_id and event.ts >= touched.from_ts
        and event.ts >= 1541106146796
    group by touched.user_id, touched.from_ts
) as chosen;

-- affected: earliest moment of touched users
select coalesce(min(from_ts), 0) as earliest from touched_users;

-- affected: touched levels
create temporary table touched_levels as select ops.user_levels.user_id, ops.user_levels.valid_from
from ops.user_levels
join touched_users on touched_users.user_id = ops.user_levels.user_id
where ops.user_levels.valid_to is null or ops.user_levels.valid_to >= touched_users.from_time;

-- build users: its model
create temporary table built_users as with latest_moments as (
    select user_id, max(ts) as ts
    from (select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
from staging.events
join touched_users on touched_users.user_id = staging.events.user_id
where staging.events.ts >= touched_users.from_ts and staging.events.ts >= 1541106146796) as event
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
    from (select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
from staging.events
join touched_users on touched_users.user_id = staging.events.user_id
where staging.events.ts >= touched_users.from_ts and staging.events.ts >= 1541106146796) as event
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
create temporary table standing_users as select user_id, first_name, last_name, gender, level from users where user_id in (select user_id from touched_users);

-- build users: what goes
create temporary table gone_users as select user_id, first_name, last_name, gender, level from standing_users except select user_id, first_name, last_name, gender, level from built_users;

-- build users: what comes
create temporary table fresh_users as select user_id, first_name, last_name, gender, level from built_users except select user_id, first_name, last_name, gender, level from standing_users;

-- build users: counts
select (select count(*) from gone_users) as gone, (select count(*) from fresh_users) as fresh,
       (select count(*) from fresh_users where exists (select 1 from gone_users where gone_users.user_id = fresh_users.user_id)) as updated,
       (select count(*) from standing_users) as standing, (select count(*) from built_users) as built;

-- build users: take rows out
delete from users using gone_users where gone_users.user_id = users.user_id;

-- build users: put rows in
insert into users (user_id, first_name, last_name, gender, level) select user_id, first_name, last_name, gender, level from fresh_users;

-- temporary tables: drop built_users
drop table if exists built_users;

-- temporary tables: drop standing_users
drop table if exists standing_users;

-- build ops.user_levels: its model
create temporary table built_user_levels as with spans as (
    select
        user_id,
        min(level) as lowest_level,
        max(level) as highest_level,
        min(ts) as first_ts
    from (select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
from staging.events
join touched_users on touched_users.user_id = staging.events.user_id
where staging.events.ts >= touched_users.from_ts and staging.events.ts >= 1541106146796) as event
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
    from (select staging.events.user_id, first_name, last_name, gender, level, ts, session_id, item_in_session
from staging.events
join touched_users on touched_users.user_id = staging.events.user_id
where staging.events.ts >= touched_users.from_ts and staging.events.ts >= 1541106146796) as event
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
    from (select ops.user_levels.user_id, ops.user_levels.level, ops.user_levels.valid_from
from ops.user_levels
join touched_users on touched_users.user_id = ops.user_levels.user_id
where ops.user_levels.valid_from < touched_users.from_time
    and (ops.user_levels.valid_to is null or ops.user_levels.valid_to >= touched_users.from_time)) as before
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
create temporary table standing_user_levels as select user_id, level, valid_from, valid_to from ops.user_levels where exists (select 1 from touched_levels
    where touched_levels.user_id = ops.user_levels.user_id and touched_levels.valid_from = ops.user_levels.valid_from);

-- build ops.user_levels: what goes
create temporary table gone_user_levels as select user_id, level, valid_from, valid_to from standing_user_levels except select user_id, level, valid_from, valid_to from built_user_levels;

-- build ops.user_levels: what comes
create temporary table fresh_user_levels as select user_id, level, valid_from, valid_to from built_user_levels except select user_id, level, valid_from, valid_to from standing_user_levels;

-- build ops.user_levels: counts
select (select count(*) from gone_user_levels) as gone, (select count(*) from fresh_user_levels) as fresh,
       (select count(*) from fresh_user_levels where exists (select 1 from gone_user_levels where gone_user_levels.user_id = fresh_user_levels.user_id and gone_user_levels.valid_from = fresh_user_levels.valid_from)) as updated,
       (select count(*) from standing_user_levels) as standing, (select count(*) from built_user_levels) as built;

-- build ops.user_levels: take rows out
delete from ops.user_levels using gone_user_levels where gone_user_levels.user_id = ops.user_levels.user_id and gone_user_levels.valid_from = ops.user_levels.valid_from;

-- build ops.user_levels: put rows in
insert into ops.user_levels (user_id, level, valid_from, valid_to) select user_id, level, valid_from, valid_to from fresh_user_levels;

-- temporary tables: drop built_user_levels
drop table if exists built_user_levels;

-- temporary tables: drop standing_user_levels
drop table if exists standing_user_levels;

-- check: songplays key
select count(*) as failures from (select songplay_id, count(*) as found from (select songplays.songplay_id, songplays.start_time, songplays.user_id, songplays.level, songplays.song_id, songplays.artist_id, songplays.session_id, songplays.location, songplays.user_agent from fresh_songplays join songplays on fresh_songplays.songplay_id = songplays.songplay_id) as touched group by songplay_id having count(*) > 1) as failing;

-- check: songplays.user_id reference
select count(*) as failures from (select user_id
            from (select distinct user_id from fresh_songplays where user_id is not null) as referring
            where not exists (select 1 from users where users.user_id = referring.user_id)) as failing;

-- check: songplays.song_id reference
select count(*) as failures from (select song_id
            from (select distinct song_id from fresh_songplays where song_id is not null) as referring
            where not exists (select 1 from songs where songs.song_id = referring.song_id)) as failing;

-- check: songplays.artist_id reference
select count(*) as failures from (select artist_id
            from (select distinct artist_id from fresh_songplays where artist_id is not null) as referring
            where not exists (select 1 from artists where artists.artist_id = referring.artist_id)) as failing;

-- check: songplays.start_time reference
select count(*) as failures from (select start_time
            from (select distinct start_time from fresh_songplays where start_time is not null) as referring
            where not exists (select 1 from time where time.start_time = referring.start_time)) as failing;

-- check: songplays.level values
select count(*) as failures from (select level, count(*) as found from fresh_songplays
                  where level is not null and level not in ('free', 'paid') group by level) as failing;

-- check: users key
select count(*) as failures from (select user_id, count(*) as found from (select users.user_id, users.first_name, users.last_name, users.gender, users.level from fresh_users join users on fresh_users.user_id = users.user_id) as touched group by user_id having count(*) > 1) as failing;

-- check: users.gender values
select count(*) as failures from (select gender, count(*) as found from fresh_users
                  where gender is not null and gender not in ('F', 'M') group by gender) as failing;

-- check: users.level values
select count(*) as failures from (select level, count(*) as found from fresh_users
                  where level is not null and level not in ('free', 'paid') group by level) as failing;

-- check: songs key
select count(*) as failures from (select song_id, count(*) as found from (select songs.song_id, songs.title, songs.artist_id, songs.year, songs.duration from fresh_songs join songs on fresh_songs.song_id = songs.song_id) as touched group by song_id having count(*) > 1) as failing;

-- check: songs.artist_id reference
select count(*) as failures from (select artist_id
            from (select distinct artist_id from fresh_songs where artist_id is not null) as referring
            where not exists (select 1 from artists where artists.artist_id = referring.artist_id)) as failing;

-- check: artists key
select count(*) as failures from (select artist_id, count(*) as found from (select artists.artist_id, artists.name, artists.location, artists.latitude, artists.longitude from fresh_artists join artists on fresh_artists.artist_id = artists.artist_id) as touched group by artist_id having count(*) > 1) as failing;

-- check: time key
select count(*) as failures from (select start_time, count(*) as found from (select time.start_time, time.hour, time.day, time.week, time.month, time.year, time.weekday from fresh_time join time on fresh_time.start_time = time.start_time) as touched group by start_time having count(*) > 1) as failing;

-- check: songplays-are-next-song-events
select count(*) as failures from (-- Of the events that a load touched, songplays has as many rows as there are staged plays.
select songplays.plays as songplays_rows, staged.plays as staged_plays
from (
    select count(*) as plays
    from keys_to_build as touched
    join songplays on songplays.session_id = touched.session_id and songplays.songplay_id = touched.songplay_id
) as songplays
cross join (
    select count(*) as plays
    from keys_to_build as touched
    join staging.events as event
        on event.session_id = touched.session_id and event.item_in_session = touched.item_in_session
    where event.page = 'NextSong'
) as staged
where songplays.plays <> staged.plays
) as failing;

-- match: plays with a song in fresh_songplays
select count(*) as plays, count(song_id) as matched from fresh_songplays;

-- match: plays with a known artist or title in fresh_songplays
select
    count(*) as plays,
    count(known_title.title) as with_known_title,
    count(known_artist.artist_name) as with_known_artist
from (select chosen_events.song, chosen_events.artist, chosen_events.page
from chosen_events
join fresh_songplays on fresh_songplays.session_id = chosen_events.session_id
    and fresh_songplays.songplay_id =
        cast(chosen_events.session_id as varchar) || '-' || cast(chosen_events.item_in_session as varchar)) as event
left join (select distinct artist_name from ops.song_keys) as known_artist
    on known_artist.artist_name = rtrim(event.artist, ' ')
left join (select distinct title, artist_name from ops.song_keys) as known_title
    on known_title.title = rtrim(event.song, ' ')
    and known_title.artist_name = rtrim(event.artist, ' ')
where event.page = 'NextSong';

-- summarise: drift by key
select file.kind, drift.change, drift.key, sum(drift.records) as records, count(*) as files
from ops.drift as drift
join (select distinct kind, file_id from ops.files) as file on file.file_id = drift.file_id
where (drift.file_id = 5)
group by file.kind, drift.change, drift.key
order by records desc, key;

-- plan: known files by file_id
select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = 'log' and file_id in (2, 5) order by path;

-- copy: make read_records
create temporary table read_records_6 (record super);

-- copy: records
copy read_records_6 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/songs-6.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_6;

-- copy: make read_records
create temporary table read_records_7 (record super);

-- copy: records
copy read_records_7 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-7.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_7;

-- drift: records that are objects
select count(*) as records from read_records_6 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_6 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- drift: make read_rows
create temporary table read_rows (record_id bigint identity(1, 1), record super);

-- drift: number the records
insert into read_rows (record) select record from read_records_6;

-- drift: undeclared keys of each record
create temporary table read_extras as
select record_id, max(bytes) as bytes, '{' || listagg(pair, ',') within group (order by name) || '}' as extra
from (
  select record_id, name, bytes, case when bytes <= 65535 then quoted || ':' || json_serialize(value) else '' end as pair
  from (
    select record_id, name, quoted, value,
      sum(coalesce(octet_length(quoted), 2 * 65535) + json_size(value) + 2) over (partition by record_id) + 1 as bytes
    from (
      select record_id, name, case when octet_length(name) <= 30000 then '"' || replace(replace(name, chr(92), chr(92) || chr(92)), '"', chr(92) || '"') || '"' end as quoted, value
      from (
        select source.record_id, cast(key as varchar(65535)) as name, value
        from read_rows as source, unpivot source.record as value at key
      ) as named
      where name not in ('num_songs', 'artist_id', 'artist_latitude', 'artist_longitude', 'artist_location', 'artist_name', 'song_id', 'title', 'duration', 'year')
    ) as shown
  ) as measured
) as bounded
group by record_id;

-- validate: take records into staging.songs
insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra)
select 6, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra from (
select case when abs(num_songs) <= 9007199254740991 then cast(num_songs as bigint) end as num_songs, artist_id, case when artist_latitude = 0 then 0 else artist_latitude end as artist_latitude, case when artist_longitude = 0 then 0 else artist_longitude end as artist_longitude, artist_location, artist_name, song_id, title, case when duration = 0 then 0 else duration end as duration, case when abs(year) <= 9007199254740991 then cast(year as bigint) end as year, extra
from (
  select num_songs, num_songs_type, artist_id, artist_id_type, artist_latitude, artist_latitude_type, artist_longitude, artist_longitude_type, artist_location, artist_location_type, artist_name, artist_name_type, song_id, song_id_type, title, title_type, duration, duration_type, year, year_type, record, record_type, extra, case
    when record_type <> 'object' then 1
    when extra_bytes > 65535 then 2
    when num_songs_type not in ('number', 'null') or floor(num_songs) <> num_songs then 3
    when (num_songs_type = 'number' and num_songs is null) or abs(num_songs) > 9007199254740991 then 4
    when coalesce(artist_id_type, 'null') = 'null' then 5
    when artist_id_type not in ('string', 'null') then 6
    when octet_length(artist_id) > 64 then 7
    when artist_latitude_type not in ('number', 'null') then 8
    when (artist_latitude_type = 'number' and artist_latitude is null) then 9
    when artist_longitude_type not in ('number', 'null') then 10
    when (artist_longitude_type = 'number' and artist_longitude is null) then 11
    when artist_location_type not in ('string', 'number', 'null') then 12
    when octet_length(artist_location) > 1024 then 13
    when coalesce(artist_name_type, 'null') = 'null' then 14
    when artist_name_type not in ('string', 'number', 'null') then 15
    when octet_length(artist_name) > 1024 then 16
    when coalesce(song_id_type, 'null') = 'null' then 17
    when song_id_type not in ('string', 'null') then 18
    when octet_length(song_id) > 64 then 19
    when coalesce(title_type, 'null') = 'null' then 20
    when title_type not in ('string', 'number', 'null') then 21
    when octet_length(title) > 1024 then 22
    when coalesce(duration_type, 'null') = 'null' then 23
    when duration_type not in ('number', 'null') then 24
    when (duration_type = 'number' and duration is null) or duration < 0 then 25
    when year_type not in ('number', 'null') or floor(year) <> year then 26
    when (year_type = 'number' and year is null) or abs(year) > 9007199254740991 or year < 0 or year > 9999 then 27
    else 0 end as fault
  from (
    select case json_typeof(source.record."num_songs") when 'number' then cast(source.record."num_songs" as double precision) end as num_songs,
      json_typeof(source.record."num_songs") as num_songs_type,
      case json_typeof(source.record."artist_id") when 'string' then cast(source.record."artist_id" as varchar(65535)) end as artist_id,
      json_typeof(source.record."artist_id") as artist_id_type,
      case json_typeof(source.record."artist_latitude") when 'number' then cast(source.record."artist_latitude" as double precision) end as artist_latitude,
      json_typeof(source.record."artist_latitude") as artist_latitude_type,
      case json_typeof(source.record."artist_longitude") when 'number' then cast(source.record."artist_longitude" as double precision) end as artist_longitude,
      json_typeof(source.record."artist_longitude") as artist_longitude_type,
      case json_typeof(source.record."artist_location") when 'string' then cast(source.record."artist_location" as varchar(65535)) when 'number' then json_serialize(source.record."artist_location") end as artist_location,
      json_typeof(source.record."artist_location") as artist_location_type,
      case json_typeof(source.record."artist_name") when 'string' then cast(source.record."artist_name" as varchar(65535)) when 'number' then json_serialize(source.record."artist_name") end as artist_name,
      json_typeof(source.record."artist_name") as artist_name_type,
      case json_typeof(source.record."song_id") when 'string' then cast(source.record."song_id" as varchar(65535)) end as song_id,
      json_typeof(source.record."song_id") as song_id_type,
      case json_typeof(source.record."title") when 'string' then cast(source.record."title" as varchar(65535)) when 'number' then json_serialize(source.record."title") end as title,
      json_typeof(source.record."title") as title_type,
      case json_typeof(source.record."duration") when 'number' then cast(source.record."duration" as double precision) end as duration,
      json_typeof(source.record."duration") as duration_type,
      case json_typeof(source.record."year") when 'number' then cast(source.record."year" as double precision) end as year,
      json_typeof(source.record."year") as year_type,
      source.record,
      json_typeof(source.record) as record_type,
      extras.extra,
      extras.bytes as extra_bytes
    from read_rows as source left join read_extras as extras on extras.record_id = source.record_id
  ) as readable
) as judged
where fault = 0
) as accepted;

-- validate: records that staging.songs refuses
create temporary table read_refused as select fault, record, record_type
from (
  select num_songs, num_songs_type, artist_id, artist_id_type, artist_latitude, artist_latitude_type, artist_longitude, artist_longitude_type, artist_location, artist_location_type, artist_name, artist_name_type, song_id, song_id_type, title, title_type, duration, duration_type, year, year_type, record, record_type, extra, case
    when record_type <> 'object' then 1
    when extra_bytes > 65535 then 2
    when num_songs_type not in ('number', 'null') or floor(num_songs) <> num_songs then 3
    when (num_songs_type = 'number' and num_songs is null) or abs(num_songs) > 9007199254740991 then 4
    when coalesce(artist_id_type, 'null') = 'null' then 5
    when artist_id_type not in ('string', 'null') then 6
    when octet_length(artist_id) > 64 then 7
    when artist_latitude_type not in ('number', 'null') then 8
    when (artist_latitude_type = 'number' and artist_latitude is null) then 9
    when artist_longitude_type not in ('number', 'null') then 10
    when (artist_longitude_type = 'number' and artist_longitude is null) then 11
    when artist_location_type not in ('string', 'number', 'null') then 12
    when octet_length(artist_location) > 1024 then 13
    when coalesce(artist_name_type, 'null') = 'null' then 14
    when artist_name_type not in ('string', 'number', 'null') then 15
    when octet_length(artist_name) > 1024 then 16
    when coalesce(song_id_type, 'null') = 'null' then 17
    when song_id_type not in ('string', 'null') then 18
    when octet_length(song_id) > 64 then 19
    when coalesce(title_type, 'null') = 'null' then 20
    when title_type not in ('string', 'number', 'null') then 21
    when octet_length(title) > 1024 then 22
    when coalesce(duration_type, 'null') = 'null' then 23
    when duration_type not in ('number', 'null') then 24
    when (duration_type = 'number' and duration is null) or duration < 0 then 25
    when year_type not in ('number', 'null') or floor(year) <> year then 26
    when (year_type = 'number' and year is null) or abs(year) > 9007199254740991 or year < 0 or year > 9999 then 27
    else 0 end as fault
  from (
    select case json_typeof(source.record."num_songs") when 'number' then cast(source.record."num_songs" as double precision) end as num_songs,
      json_typeof(source.record."num_songs") as num_songs_type,
      case json_typeof(source.record."artist_id") when 'string' then cast(source.record."artist_id" as varchar(65535)) end as artist_id,
      json_typeof(source.record."artist_id") as artist_id_type,
      case json_typeof(source.record."artist_latitude") when 'number' then cast(source.record."artist_latitude" as double precision) end as artist_latitude,
      json_typeof(source.record."artist_latitude") as artist_latitude_type,
      case json_typeof(source.record."artist_longitude") when 'number' then cast(source.record."artist_longitude" as double precision) end as artist_longitude,
      json_typeof(source.record."artist_longitude") as artist_longitude_type,
      case json_typeof(source.record."artist_location") when 'string' then cast(source.record."artist_location" as varchar(65535)) when 'number' then json_serialize(source.record."artist_location") end as artist_location,
      json_typeof(source.record."artist_location") as artist_location_type,
      case json_typeof(source.record."artist_name") when 'string' then cast(source.record."artist_name" as varchar(65535)) when 'number' then json_serialize(source.record."artist_name") end as artist_name,
      json_typeof(source.record."artist_name") as artist_name_type,
      case json_typeof(source.record."song_id") when 'string' then cast(source.record."song_id" as varchar(65535)) end as song_id,
      json_typeof(source.record."song_id") as song_id_type,
      case json_typeof(source.record."title") when 'string' then cast(source.record."title" as varchar(65535)) when 'number' then json_serialize(source.record."title") end as title,
      json_typeof(source.record."title") as title_type,
      case json_typeof(source.record."duration") when 'number' then cast(source.record."duration" as double precision) end as duration,
      json_typeof(source.record."duration") as duration_type,
      case json_typeof(source.record."year") when 'number' then cast(source.record."year" as double precision) end as year,
      json_typeof(source.record."year") as year_type,
      source.record,
      json_typeof(source.record) as record_type,
      extras.extra,
      extras.bytes as extra_bytes
    from read_rows as source left join read_extras as extras on extras.record_id = source.record_id
  ) as readable
) as judged
where fault > 0;

-- validate: write what staging.songs refused
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at)
select '6:' || cast(place as varchar), 6, 'song', cast($1 as varchar(4096)), 0, rule, field, value, reason, "raw", cast($2 as varchar(64)), cast($3 as timestamp)
from (
select row_number() over (order by fault, "raw") as place, rule, field, shown as value, reason, "raw"
from (
  select shown, "raw", fault,
    case when fault in (1) then 'not_an_object'
    when fault in (2, 7, 13, 16, 19, 22) then 'text_too_long'
    when fault in (3, 6, 8, 10, 12, 15, 18, 21, 24, 26) then 'wrong_type'
    when fault in (4, 9, 11, 25, 27) then 'out_of_range'
    when fault in (5, 14, 17, 20, 23) then 'missing_field' end as rule,
    case when fault in (3, 4) then 'num_songs'
    when fault in (5, 6, 7) then 'artist_id'
    when fault in (8, 9) then 'artist_latitude'
    when fault in (10, 11) then 'artist_longitude'
    when fault in (12, 13) then 'artist_location'
    when fault in (14, 15, 16) then 'artist_name'
    when fault in (17, 18, 19) then 'song_id'
    when fault in (20, 21, 22) then 'title'
    when fault in (23, 24, 25) then 'duration'
    when fault in (26, 27) then 'year' end as field,
    case when fault in (1) then 'the record is ' || called || ', not an object'
    when fault in (2) then 'the undeclared keys have more than 65535 bytes'
    when fault in (3) then 'num_songs is ' || called || ', not a whole number'
    when fault in (4) then 'num_songs is ' || shown || ', beyond what can be stored exactly'
    when fault in (5) then 'artist_id is ' || case when type is null then 'missing' else 'null' end
    when fault in (6) then 'artist_id is ' || called || ', not a text'
    when fault in (7) then 'artist_id has ' || bytes || ' bytes, more than 64'
    when fault in (8) then 'artist_latitude is ' || called || ', not a number'
    when fault in (9) then 'artist_latitude is ' || shown || ', beyond what can be stored exactly'
    when fault in (10) then 'artist_longitude is ' || called || ', not a number'
    when fault in (11) then 'artist_longitude is ' || shown || ', beyond what can be stored exactly'
    when fault in (12) then 'artist_location is ' || called || ', not a text'
    when fault in (13) then 'artist_location has ' || bytes || ' bytes, more than 1024'
    when fault in (14) then 'artist_name is ' || case when type is null then 'missing' else 'null' end
    when fault in (15) then 'artist_name is ' || called || ', not a text'
    when fault in (16) then 'artist_name has ' || bytes || ' bytes, more than 1024'
    when fault in (17) then 'song_id is ' || case when type is null then 'missing' else 'null' end
    when fault in (18) then 'song_id is ' || called || ', not a text'
    when fault in (19) then 'song_id has ' || bytes || ' bytes, more than 64'
    when fault in (20) then 'title is ' || case when type is null then 'missing' else 'null' end
    when fault in (21) then 'title is ' || called || ', not a text'
    when fault in (22) then 'title has ' || bytes || ' bytes, more than 1024'
    when fault in (23) then 'duration is ' || case when type is null then 'missing' else 'null' end
    when fault in (24) then 'duration is ' || called || ', not a number'
    when fault in (25) then 'duration is ' || shown || ', not a finite number from 0'
    when fault in (26) then 'year is ' || called || ', not a whole number'
    when fault in (27) then 'year is ' || shown || ', outside 0 to 9999' end as reason
  from (
    select fault, "raw", type, shown, bytes, case type when 'null' then 'null' when 'array' then 'an array' when 'object' then 'an object'
      when 'string' then 'the text ' || shown when 'boolean' then 'the boolean ' || shown else 'the number ' || shown end as called
    from (
      select fault, "raw", type, bytes,
        case when length(json) > 200 then substring(json, 1, 200) || '…' else json end as shown
      from (
        select fault, case when json_size(judged.record) <= 65535 then json_serialize(judged.record) else '' end as "raw",
          case when fault in (1) then json_typeof(judged.record)
    when fault in (3, 4) then json_typeof(judged.record."num_songs")
    when fault in (5, 6, 7) then json_typeof(judged.record."artist_id")
    when fault in (8, 9) then json_typeof(judged.record."artist_latitude")
    when fault in (10, 11) then json_typeof(judged.record."artist_longitude")
    when fault in (12, 13) then json_typeof(judged.record."artist_location")
    when fault in (14, 15, 16) then json_typeof(judged.record."artist_name")
    when fault in (17, 18, 19) then json_typeof(judged.record."song_id")
    when fault in (20, 21, 22) then json_typeof(judged.record."title")
    when fault in (23, 24, 25) then json_typeof(judged.record."duration")
    when fault in (26, 27) then json_typeof(judged.record."year") end as type,
          case when fault in (1) then case when json_size(judged.record) > 65535 then '' else json_serialize(judged.record) end
    when fault in (3, 4) then case when json_size(judged.record."num_songs") > 65535 then '' else json_serialize(judged.record."num_songs") end
    when fault in (5, 6, 7) then case when json_size(judged.record."artist_id") > 65535 then '' else json_serialize(judged.record."artist_id") end
    when fault in (8, 9) then case when json_size(judged.record."artist_latitude") > 65535 then '' else json_serialize(judged.record."artist_latitude") end
    when fault in (10, 11) then case when json_size(judged.record."artist_longitude") > 65535 then '' else json_serialize(judged.record."artist_longitude") end
    when fault in (12, 13) then case when json_size(judged.record."artist_location") > 65535 then '' else json_serialize(judged.record."artist_location") end
    when fault in (14, 15, 16) then case when json_size(judged.record."artist_name") > 65535 then '' else json_serialize(judged.record."artist_name") end
    when fault in (17, 18, 19) then case when json_size(judged.record."song_id") > 65535 then '' else json_serialize(judged.record."song_id") end
    when fault in (20, 21, 22) then case when json_size(judged.record."title") > 65535 then '' else json_serialize(judged.record."title") end
    when fault in (23, 24, 25) then case when json_size(judged.record."duration") > 65535 then '' else json_serialize(judged.record."duration") end
    when fault in (26, 27) then case when json_size(judged.record."year") > 65535 then '' else json_serialize(judged.record."year") end end as json,
          case when fault in (7) then cast(octet_length(cast(judged.record."artist_id" as varchar(65535))) as varchar)
    when fault in (13) then cast(octet_length(cast(judged.record."artist_location" as varchar(65535))) as varchar)
    when fault in (16) then cast(octet_length(cast(judged.record."artist_name" as varchar(65535))) as varchar)
    when fault in (19) then cast(octet_length(cast(judged.record."song_id" as varchar(65535))) as varchar)
    when fault in (22) then cast(octet_length(cast(judged.record."title" as varchar(65535))) as varchar) end as bytes
        from read_refused as judged
      ) as found
    ) as shortened
  ) as named
) as told
) as refused;

-- copy: drop read_rows
drop table if exists read_rows;

-- copy: drop read_extras
drop table if exists read_extras;

-- copy: drop read_refused
drop table if exists read_refused;

-- copy: drop read_records
drop table if exists read_records_6;

-- drift: records that are objects
select count(*) as records from read_records_7 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_7 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- drift: number the records
insert into read_rows (record) select record from read_records_7;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 7, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
      extras.extra,
      extras.bytes as extra_bytes
    from read_rows as source left join read_extras as extras on extras.record_id = source.record_id
  ) as readable
) as judged
where fault = 0
) as accepted;

-- validate: records that staging.events refuses
create temporary table read_refused as select fault, record, record_type
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
      extras.extra,
      extras.bytes as extra_bytes
    from read_rows as source left join read_extras as extras on extras.record_id = source.record_id
  ) as readable
) as judged
where fault > 0;

-- validate: write what staging.events refused
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at)
select '7:' || cast(place as varchar), 7, 'log', cast($1 as varchar(4096)), 0, rule, field, value, reason, "raw", cast($2 as varchar(64)), cast($3 as timestamp)
from (
select row_number() over (order by fault, "raw") as place, rule, field, case when fault in (44, 45, 46, 47) then coalesce(shown, 'null') else shown end as value, reason, "raw"
from (
  select shown, "raw", fault,
    case when fault in (1) then 'not_an_object'
    when fault in (2, 4, 6, 8, 10, 15, 22, 24, 27, 34, 41, 43) then 'text_too_long'
    when fault in (3, 5, 7, 9, 12, 14, 16, 19, 21, 23, 26, 28, 31, 33, 35, 38, 40, 42) then 'wrong_type'
    when fault in (11, 18, 25, 30, 37) then 'missing_field'
    when fault in (13, 17, 29, 32, 36, 39) then 'out_of_range'
    when fault in (20) then 'not_accepted'
    when fault in (44, 45, 46, 47) then 'incomplete_play' end as rule,
    case when fault in (3, 4, 46) then 'artist'
    when fault in (5, 6) then 'auth'
    when fault in (7, 8) then 'firstName'
    when fault in (9, 10) then 'gender'
    when fault in (11, 12, 13) then 'itemInSession'
    when fault in (14, 15) then 'lastName'
    when fault in (16, 17, 47) then 'length'
    when fault in (18, 19, 20) then 'level'
    when fault in (21, 22) then 'location'
    when fault in (23, 24) then 'method'
    when fault in (25, 26, 27) then 'page'
    when fault in (28, 29) then 'registration'
    when fault in (30, 31, 32) then 'sessionId'
    when fault in (33, 34, 45) then 'song'
    when fault in (35, 36) then 'status'
    when fault in (37, 38, 39) then 'ts'
    when fault in (40, 41) then 'userAgent'
    when fault in (42, 43, 44) then 'userId' end as field,
    case when fault in (1) then 'the record is ' || called || ', not an object'
    when fault in (2) then 'the undeclared keys have more than 65535 bytes'
    when fault in (3) then 'artist is ' || called || ', not a text'
    when fault in (4) then 'artist has ' || bytes || ' bytes, more than 1024'
    when fault in (5) then 'auth is ' || called || ', not a text'
    when fault in (6) then 'auth has ' || bytes || ' bytes, more than 64'
    when fault in (7) then 'firstName is ' || called || ', not a text'
    when fault in (8) then 'firstName has ' || bytes || ' bytes, more than 256'
    when fault in (9) then 'gender is ' || called || ', not a text'
    when fault in (10) then 'gender has ' || bytes || ' bytes, more than 16'
    when fault in (11) then 'itemInSession is ' || case when type is null then 'missing' else 'null' end
    when fault in (12) then 'itemInSession is ' || called || ', not a whole number'
    when fault in (13) then 'itemInSession is ' || shown || ', not a finite number from 0'
    when fault in (14) then 'lastName is ' || called || ', not a text'
    when fault in (15) then 'lastName has ' || bytes || ' bytes, more than 256'
    when fault in (16) then 'length is ' || called || ', not a number'
    when fault in (17) then 'length is ' || shown || ', not a finite number from 0'
    when fault in (18) then 'level is ' || case when type is null then 'missing' else 'null' end
    when fault in (19) then 'level is ' || called || ', not a text'
    when fault in (20) then 'level is ' || shown || ', not free or paid'
    when fault in (21) then 'location is ' || called || ', not a text'
    when fault in (22) then 'location has ' || bytes || ' bytes, more than 512'
    when fault in (23) then 'method is ' || called || ', not a text'
    when fault in (24) then 'method has ' || bytes || ' bytes, more than 16'
    when fault in (25) then 'page is ' || case when type is null then 'missing' else 'null' end
    when fault in (26) then 'page is ' || called || ', not a text'
    when fault in (27) then 'page has ' || bytes || ' bytes, more than 64'
    when fault in (28) then 'registration is ' || called || ', not a number'
    when fault in (29) then 'registration is ' || shown || ', beyond what can be stored exactly'
    when fault in (30) then 'sessionId is ' || case when type is null then 'missing' else 'null' end
    when fault in (31) then 'sessionId is ' || called || ', not a whole number'
    when fault in (32) then 'sessionId is ' || shown || ', not a finite number from 0'
    when fault in (33) then 'song is ' || called || ', not a text'
    when fault in (34) then 'song has ' || bytes || ' bytes, more than 1024'
    when fault in (35) then 'status is ' || called || ', not a whole number'
    when fault in (36) then 'status is ' || shown || ', beyond what can be stored exactly'
    when fault in (37) then 'ts is ' || case when type is null then 'missing' else 'null' end
    when fault in (38) then 'ts is ' || called || ', not a whole number'
    when fault in (39) then 'ts is ' || shown || ', outside 2000-01-01T00:00:00.000Z (946684800000) to 2026-01-02T00:00:00.000Z (1767312000000)'
    when fault in (40) then 'userAgent is ' || called || ', not a text'
    when fault in (41) then 'userAgent has ' || bytes || ' bytes, more than 1024'
    when fault in (42) then 'userId is ' || called || ', not a text'
    when fault in (43) then 'userId has ' || bytes || ' bytes, more than 64'
    when fault in (44) then 'a NextSong event without userId'
    when fault in (45) then 'a NextSong event without song'
    when fault in (46) then 'a NextSong event without artist'
    when fault in (47) then 'a NextSong event without length' end as reason
  from (
    select fault, "raw", type, shown, bytes, case type when 'null' then 'null' when 'array' then 'an array' when 'object' then 'an object'
      when 'string' then 'the text ' || shown when 'boolean' then 'the boolean ' || shown else 'the number ' || shown end as called
    from (
      select fault, "raw", type, bytes,
        case when length(json) > 200 then substring(json, 1, 200) || '…' else json end as shown
      from (
        select fault, case when json_size(judged.record) <= 65535 then json_serialize(judged.record) else '' end as "raw",
          case when fault in (1) then json_typeof(judged.record)
    when fault in (3, 4, 46) then json_typeof(judged.record."artist")
    when fault in (5, 6) then json_typeof(judged.record."auth")
    when fault in (7, 8) then json_typeof(judged.record."firstName")
    when fault in (9, 10) then json_typeof(judged.record."gender")
    when fault in (11, 12, 13) then json_typeof(judged.record."itemInSession")
    when fault in (14, 15) then json_typeof(judged.record."lastName")
    when fault in (16, 17, 47) then json_typeof(judged.record."length")
    when fault in (18, 19, 20) then json_typeof(judged.record."level")
    when fault in (21, 22) then json_typeof(judged.record."location")
    when fault in (23, 24) then json_typeof(judged.record."method")
    when fault in (25, 26, 27) then json_typeof(judged.record."page")
    when fault in (28, 29) then json_typeof(judged.record."registration")
    when fault in (30, 31, 32) then json_typeof(judged.record."sessionId")
    when fault in (33, 34, 45) then json_typeof(judged.record."song")
    when fault in (35, 36) then json_typeof(judged.record."status")
    when fault in (37, 38, 39) then json_typeof(judged.record."ts")
    when fault in (40, 41) then json_typeof(judged.record."userAgent")
    when fault in (42, 43, 44) then json_typeof(judged.record."userId") end as type,
          case when fault in (1) then case when json_size(judged.record) > 65535 then '' else json_serialize(judged.record) end
    when fault in (3, 4, 46) then case when json_size(judged.record."artist") > 65535 then '' else json_serialize(judged.record."artist") end
    when fault in (5, 6) then case when json_size(judged.record."auth") > 65535 then '' else json_serialize(judged.record."auth") end
    when fault in (7, 8) then case when json_size(judged.record."firstName") > 65535 then '' else json_serialize(judged.record."firstName") end
    when fault in (9, 10) then case when json_size(judged.record."gender") > 65535 then '' else json_serialize(judged.record."gender") end
    when fault in (11, 12, 13) then case when json_size(judged.record."itemInSession") > 65535 then '' else json_serialize(judged.record."itemInSession") end
    when fault in (14, 15) then case when json_size(judged.record."lastName") > 65535 then '' else json_serialize(judged.record."lastName") end
    when fault in (16, 17, 47) then case when json_size(judged.record."length") > 65535 then '' else json_serialize(judged.record."length") end
    when fault in (18, 19, 20) then case when json_size(judged.record."level") > 65535 then '' else json_serialize(judged.record."level") end
    when fault in (21, 22) then case when json_size(judged.record."location") > 65535 then '' else json_serialize(judged.record."location") end
    when fault in (23, 24) then case when json_size(judged.record."method") > 65535 then '' else json_serialize(judged.record."method") end
    when fault in (25, 26, 27) then case when json_size(judged.record."page") > 65535 then '' else json_serialize(judged.record."page") end
    when fault in (28, 29) then case when json_size(judged.record."registration") > 65535 then '' else json_serialize(judged.record."registration") end
    when fault in (30, 31, 32) then case when json_size(judged.record."sessionId") > 65535 then '' else json_serialize(judged.record."sessionId") end
    when fault in (33, 34, 45) then case when json_size(judged.record."song") > 65535 then '' else json_serialize(judged.record."song") end
    when fault in (35, 36) then case when json_size(judged.record."status") > 65535 then '' else json_serialize(judged.record."status") end
    when fault in (37, 38, 39) then case when json_size(judged.record."ts") > 65535 then '' else json_serialize(judged.record."ts") end
    when fault in (40, 41) then case when json_size(judged.record."userAgent") > 65535 then '' else json_serialize(judged.record."userAgent") end
    when fault in (42, 43, 44) then case when json_size(judged.record."userId") > 65535 then '' else json_serialize(judged.record."userId") end end as json,
          case when fault in (4) then cast(octet_length(cast(judged.record."artist" as varchar(65535))) as varchar)
    when fault in (6) then cast(octet_length(cast(judged.record."auth" as varchar(65535))) as varchar)
    when fault in (8) then cast(octet_length(cast(judged.record."firstName" as varchar(65535))) as varchar)
    when fault in (10) then cast(octet_length(cast(judged.record."gender" as varchar(65535))) as varchar)
    when fault in (15) then cast(octet_length(cast(judged.record."lastName" as varchar(65535))) as varchar)
    when fault in (22) then cast(octet_length(cast(judged.record."location" as varchar(65535))) as varchar)
    when fault in (24) then cast(octet_length(cast(judged.record."method" as varchar(65535))) as varchar)
    when fault in (27) then cast(octet_length(cast(judged.record."page" as varchar(65535))) as varchar)
    when fault in (34) then cast(octet_length(cast(judged.record."song" as varchar(65535))) as varchar)
    when fault in (41) then cast(octet_length(cast(judged.record."userAgent" as varchar(65535))) as varchar)
    when fault in (43) then cast(octet_length(cast(judged.record."userId" as varchar(65535))) as varchar) end as bytes
        from read_refused as judged
      ) as found
    ) as shortened
  ) as named
) as told
) as refused;

-- copy: drop read_records
drop table if exists read_records_7;

-- temporary tables: drop touched_events
drop table if exists touched_events;

-- temporary tables: drop touched_songs
drop table if exists touched_songs;

-- affected: touched_songs of staging.songs
insert into touched_songs select song_id, artist_id from staging.songs
       where (file_id = 6);

-- affected: touched_songs of ops.repeated_songs
insert into touched_songs select song_id, artist_id from ops.repeated_songs
       where (file_id = 6);

-- append: ops.drift, few rows
insert into ops.drift (file_id, change, key, records) values (cast($1 as integer), $2, $3, cast($4 as bigint));

-- affected: touched_events of staging.events
insert into touched_events select session_id, item_in_session, user_id, ts from staging.events
       where (file_id = 2 or file_id = 7);

-- affected: touched_events of ops.repeated_events
insert into touched_events select session_id, item_in_session, user_id, ts from ops.repeated_events
       where (file_id = 2 or file_id = 7);

-- drift: keys and records kept
select count(*) as keys, coalesce(sum(records), 0) as records from ops.drift where (file_id = 2);

-- stage: remove contents that went from staging.events
delete from staging.events where file_id in (2);

-- stage: remove contents that went from ops.repeated_events
delete from ops.repeated_events where file_id in (2);

-- stage: remove contents that went from ops.rejects
delete from ops.rejects where file_id in (2);

-- stage: remove contents that went from ops.drift
delete from ops.drift where file_id in (2);

-- manifest: balances of known contents
select
    file_id,
    max(lines) as lines,
    max(staged) as staged,
    max(rejected) as rejected,
    max(blank) as blank
from ops.files
where file_id in (5)
group by file_id;

-- manifest: forget names
delete from ops.files where kind = 'log' and path in ($1);

-- append: ops.drift, few rows
insert into ops.drift (file_id, change, key, records) values (cast($1 as integer), $2, $3, cast($4 as bigint)), (cast($5 as integer), $6, $7, cast($8 as bigint));

-- deduplicate: repeats before
create temporary table aside_before as select
    session_id, item_in_session,
    count(case when repeat = 'duplicate' then 1 end) as duplicates,
    count(case when repeat = 'conflict' then 1 end) as conflicts
from ops.repeated_events
where exists (select 1 from contested where contested.session_id = ops.repeated_events.session_id and contested.item_in_session = ops.repeated_events.item_in_session)
group by session_id, item_in_session;

-- deduplicate: candidates
create temporary table candidates as select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from staging.events where exists (select 1 from contested where contested.session_id = staging.events.session_id and contested.item_in_session = staging.events.item_in_session)
union all
select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from ops.repeated_events where exists (select 1 from contested where contested.session_id = ops.repeated_events.session_id and contested.item_in_session = ops.repeated_events.item_in_session);

-- deduplicate: candidates of unknown files
select file_id from candidates
     where not exists (select 1 from ops.files where ops.files.file_id = candidates.file_id) limit 1;

-- deduplicate: take contested records out of staging.events
delete from staging.events using contested where contested.session_id = staging.events.session_id and contested.item_in_session = staging.events.item_in_session;

-- deduplicate: take contested records out of ops.repeated_events
delete from ops.repeated_events using contested where contested.session_id = ops.repeated_events.session_id and contested.item_in_session = ops.repeated_events.item_in_session;

-- deduplicate: ranks
create temporary table ranked as select
    file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra,
    row_number() over (partition by session_id, item_in_session order by ts, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, user_agent, user_id, extra, file_id) as place,
    dense_rank() over (partition by session_id, item_in_session order by ts, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, user_agent, user_id, extra) as content,
    row_number() over (partition by session_id, item_in_session, ts, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, user_agent, user_id, extra order by file_id) as occurrence
from candidates;

-- deduplicate: keep the first
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from ranked where place = 1;

-- deduplicate: set the others aside
insert into ops.repeated_events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat)
select file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, case when content > 1 and occurrence = 1 then 'conflict' else 'duplicate' end
from ranked
where place > 1;

-- deduplicate: candidates are touched
insert into touched_events select session_id, item_in_session, user_id, ts from candidates;

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
    session_id, item_in_session,
    count(case when repeat = 'duplicate' then 1 end) as duplicates,
    count(case when repeat = 'conflict' then 1 end) as conflicts
from ops.repeated_events
where exists (select 1 from contested where contested.session_id = ops.repeated_events.session_id and contested.item_in_session = ops.repeated_events.item_in_session)
group by session_id, item_in_session) as standing
left join aside_before on aside_before.session_id = standing.session_id and aside_before.item_in_session = standing.item_in_session;

-- temporary tables: drop candidates
drop table if exists candidates;

-- temporary tables: drop ranked
drop table if exists ranked;

-- temporary tables: drop aside_before
drop table if exists aside_before;

-- temporary tables: drop touched_keys
drop table if exists touched_keys;

-- temporary tables: drop gone_songs
drop table if exists gone_songs;

-- temporary tables: drop fresh_songs
drop table if exists fresh_songs;

-- build songs: put rows in
insert into songs (song_id, title, artist_id, year, duration) select song_id, title, artist_id, year, duration from fresh_songs;

-- temporary tables: drop gone_artists
drop table if exists gone_artists;

-- temporary tables: drop fresh_artists
drop table if exists fresh_artists;

-- temporary tables: drop keys_to_build
drop table if exists keys_to_build;

-- affected: keys to build
create temporary table keys_to_build as select
    session_id,
    item_in_session,
    cast(session_id as varchar) || '-' || cast(item_in_session as varchar) as songplay_id
from (select session_id, item_in_session from touched_events union select session_id, item_in_session
from staging.events
where page = 'NextSong' and exists (
    select 1 from touched_keys
    where touched_keys.title = rtrim(staging.events.song, ' ')
        and touched_keys.artist_name = rtrim(staging.events.artist, ' ')
)) as touched
group by session_id, item_in_session;

-- temporary tables: drop chosen_events
drop table if exists chosen_events;

-- affected: chosen events
create temporary table chosen_events as select staging.events.file_id, staging.events.artist, staging.events.auth, staging.events.first_name, staging.events.gender, staging.events.item_in_session, staging.events.last_name, staging.events.length, staging.events.level, staging.events.location, staging.events.method, staging.events.page, staging.events.registration, staging.events.session_id, staging.events.song, staging.events.status, staging.events.ts, staging.events.user_agent, staging.events.user_id, staging.events.extra
from keys_to_build
join staging.events on keys_to_build.session_id = staging.events.session_id and keys_to_build.item_in_session = staging.events.item_in_session
where 1 = 1;

-- build songplays: what stands
create temporary table standing_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays where 1 = 1 and exists (select 1 from keys_to_build
         where keys_to_build.session_id = songplays.session_id and keys_to_build.songplay_id = songplays.songplay_id);

-- temporary tables: drop gone_songplays
drop table if exists gone_songplays;

-- temporary tables: drop fresh_songplays
drop table if exists fresh_songplays;

-- build songplays: take rows out
delete from songplays using gone_songplays where gone_songplays.songplay_id = songplays.songplay_id;

-- temporary tables: drop touched_times
drop table if exists touched_times;

-- temporary tables: drop gone_time
drop table if exists gone_time;

-- temporary tables: drop fresh_time
drop table if exists fresh_time;

-- temporary tables: drop touched_users
drop table if exists touched_users;

-- temporary tables: drop touched_levels
drop table if exists touched_levels;

-- temporary tables: drop gone_users
drop table if exists gone_users;

-- temporary tables: drop fresh_users
drop table if exists fresh_users;

-- temporary tables: drop gone_user_levels
drop table if exists gone_user_levels;

-- temporary tables: drop fresh_user_levels
drop table if exists fresh_user_levels;

-- copy: make read_records
create temporary table read_records_8 (record super);

-- copy: records
copy read_records_8 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-8.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_8;

-- copy: drop read_records
drop table if exists read_records_8;

-- copy: make read_records
create temporary table read_records_9 (record super);

-- copy: records
copy read_records_9 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-9.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest gzip maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_9;

-- copy: drop read_records
drop table if exists read_records_9;

-- append: ops.rejects, few rows
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at) values ($1, cast($2 as integer), $3, $4, cast($5 as bigint), $6, $7, $8, $9, $10, $11, cast($12 as timestamp));

-- append: staging.events, few rows
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (cast($1 as integer), $2, $3, $4, $5, cast($6 as bigint), $7, cast($8 as double precision), $9, $10, $11, $12, cast($13 as double precision), cast($14 as bigint), $15, cast($16 as bigint), cast($17 as bigint), $18, $19, $20), (cast($21 as integer), $22, $23, $24, $25, cast($26 as bigint), $27, cast($28 as double precision), $29, $30, $31, $32, cast($33 as double precision), cast($34 as bigint), $35, cast($36 as bigint), cast($37 as bigint), $38, $39, $40);

-- stage: remove an unreadable file from staging.events
delete from staging.events where file_id = 9;

-- stage: remove an unreadable file from ops.rejects
delete from ops.rejects where file_id = 9;

-- affected: touched_events of staging.events
insert into touched_events select session_id, item_in_session, user_id, ts from staging.events
       where (file_id between 8 and 9);

-- affected: touched_events of ops.repeated_events
insert into touched_events select session_id, item_in_session, user_id, ts from ops.repeated_events
       where (file_id between 8 and 9);

-- copy: make read_records
create temporary table read_records_10 (record super);

-- copy: records
copy read_records_10 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-10.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_10;

-- drift: records that are objects
select count(*) as records from read_records_10 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_10 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 10, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
    from read_records_10 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- validate: records that staging.events refuses
create temporary table read_refused as select fault, record, record_type
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
    from read_records_10 as source
  ) as readable
) as judged
where fault > 0;

-- copy: drop read_records
drop table if exists read_records_10;

-- reject limit: refused records by rule
select rule, count(*) as records from ops.rejects where run_id = $1 group by rule order by records desc, rule;

-- reject limit: the first refused record
select path, line, reason from ops.rejects where run_id = $1 order by path, line limit 1;

-- rollback
rollback;

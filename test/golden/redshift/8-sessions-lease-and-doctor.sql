-- What is sent to Amazon Redshift: 8 sessions lease and doctor. Of each name and shape, the first.

-- set up: drop ops.warehouse
drop table ops.warehouse;

-- set up: drop ops.drift
drop table ops.drift;

-- set up: drop ops.user_levels
drop table ops.user_levels;

-- set up: drop ops.song_keys
drop table ops.song_keys;

-- set up: drop ops.repeated_songs
drop table ops.repeated_songs;

-- set up: drop ops.repeated_events
drop table ops.repeated_events;

-- set up: drop ops.rejects
drop table ops.rejects;

-- set up: drop ops.runs
drop table ops.runs;

-- set up: drop ops.files
drop table ops.files;

-- set up: drop staging.songs
drop table staging.songs;

-- set up: drop staging.events
drop table staging.events;

-- set up: drop time
drop table time;

-- set up: drop artists
drop table artists;

-- set up: drop songs
drop table songs;

-- set up: drop users
drop table users;

-- set up: drop songplays
drop table songplays;

-- lease: who holds it
select holder, since from ops.lease_holder;

-- cancel: end what a session is at
select pg_cancel_backend(1);

-- drift: number the records
insert into read_rows (record) select record from read_records_2;

-- reconnect: whether the lost session is there
select process from stv_sessions where process = 1 and trim(user_name) = current_user;

-- reconnect: end the lost session
select pg_terminate_backend(1);

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
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_7 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- commit: whether the run stands
select 1 as found from ops.runs where run_id = $1;

-- doctor: version
select version() as version;

-- doctor: isolation
select isolation_level from stv_db_isolation_level where db_name = current_database();

-- doctor: rights of the user
select current_user as role, current_schema() as star,
       has_database_privilege(current_database(), 'create') as may_create,
       has_database_privilege(current_database(), 'temp') as may_temporary;

-- doctor: rights on a schema
select has_schema_privilege(nspname, 'create') as may from pg_namespace where nspname = 'public';

-- doctor: make doctor_records
create temporary table doctor_records (record super);

-- doctor: whether the role may read
copy doctor_records from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/doctor.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest noload maxerror 100000 compupdate off statupdate off;

-- doctor: drop doctor_records
drop table if exists doctor_records;

-- doctor: whether the role may read
copy doctor_records from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/doctor.manifest' iam_role default format json 'noshred' manifest noload maxerror 100000 compupdate off statupdate off;

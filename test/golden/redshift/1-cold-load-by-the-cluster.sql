-- What is sent to Amazon Redshift: 1 cold load by the cluster. Of each name and shape, the first.

-- session: settings
set timezone to 'UTC';

-- session: settings
set datestyle to 'ISO, YMD';

-- session: settings
set extra_float_digits to 2;

-- session: settings
set enable_case_sensitive_identifier to true;

-- session: settings
set enable_case_sensitive_super_attribute to true;

-- session: settings
set navigate_super_null_on_error to 'on';

-- session: settings
set cast_super_null_on_error to 'on';

-- session: settings
set parse_super_null_on_error to 'off';

-- session: settings
set json_parse_truncate_strings to 'off';

-- session: settings
set query_group to 'sparkify';

-- session: settings
set statement_timeout to 0;

-- session: its process
select pg_backend_pid() as pid;

-- lease: its tables
select table_name from information_schema.tables where table_schema = 'ops' and table_name in ('lease', 'lease_holder');

-- lease: its schema
select 1 as found from pg_namespace where nspname = 'ops';

-- lease: make its schema
create schema if not exists ops;

-- lease: make the table to lock
create table if not exists ops.lease (locked boolean) diststyle all;

-- lease: make the table of its holder
create table if not exists ops.lease_holder (holder varchar(256) not null, since timestamp not null) diststyle all;

-- session: time allowed for a statement
set statement_timeout to 500;

-- begin
begin;

-- lock tables
lock ops.lease;

-- lease: forget who held it
delete from ops.lease_holder;

-- lease: say who holds it
insert into ops.lease_holder (holder, since) values ($1, $2);

-- session: slices of the cluster
select count(*) as slices from stv_slices;

-- set up: columns of our names
select current_schema() as star, table_schema, table_name, column_name, data_type
     from information_schema.columns
     where table_schema in ('staging', 'ops')
       or table_name in ('songplays', 'users', 'songs', 'artists', 'time')
     order by table_schema, table_name, ordinal_position;

-- set up: views of our names
select table_schema, table_name from information_schema.tables where table_type <> 'BASE TABLE'
     and (table_schema in ('staging', 'ops')
       or table_name in ('songplays', 'users', 'songs', 'artists', 'time'));

-- set up: whether there is a schema
select 1 as found from pg_namespace where nspname = 'staging';

-- set up: create a schema
create schema if not exists "staging";

-- set up: create songplays
create table songplays (
    songplay_id varchar(48) encode zstd not null,
    start_time timestamp encode raw not null,
    user_id varchar(64) encode zstd not null,
    level varchar(16) encode bytedict not null,
    song_id varchar(64) encode zstd,
    artist_id varchar(64) encode zstd,
    session_id bigint encode az64 not null,
    location varchar(512) encode zstd,
    user_agent varchar(1024) encode zstd
)
diststyle key distkey(start_time)
compound sortkey(start_time);

-- set up: create users
create table users (
    user_id varchar(64) encode raw not null,
    first_name varchar(256) encode zstd,
    last_name varchar(256) encode zstd,
    gender varchar(16) encode bytedict,
    level varchar(16) encode bytedict not null
)
diststyle all
compound sortkey(user_id);

-- set up: create songs
create table songs (
    song_id varchar(64) encode raw not null,
    title varchar(1024) encode zstd not null,
    artist_id varchar(64) encode zstd not null,
    year integer encode az64,
    duration double precision encode zstd not null
)
diststyle all
compound sortkey(song_id);

-- set up: create artists
create table artists (
    artist_id varchar(64) encode raw not null,
    name varchar(1024) encode zstd not null,
    location varchar(1024) encode zstd,
    latitude double precision encode zstd,
    longitude double precision encode zstd
)
diststyle all
compound sortkey(artist_id);

-- set up: create time
create table time (
    start_time timestamp encode raw not null,
    hour integer encode az64 not null,
    day integer encode az64 not null,
    week integer encode az64 not null,
    month integer encode az64 not null,
    year integer encode az64 not null,
    weekday integer encode az64 not null
)
diststyle key distkey(start_time)
compound sortkey(start_time);

-- set up: create staging.events
create table staging.events (
    file_id integer encode az64,
    artist varchar(1024) encode zstd,
    auth varchar(64) encode zstd,
    first_name varchar(256) encode zstd,
    gender varchar(16) encode zstd,
    item_in_session bigint encode az64,
    last_name varchar(256) encode zstd,
    length double precision encode zstd,
    level varchar(16) encode bytedict,
    location varchar(512) encode zstd,
    method varchar(16) encode zstd,
    page varchar(64) encode zstd,
    registration double precision encode zstd,
    session_id bigint encode az64,
    song varchar(1024) encode zstd,
    status bigint encode az64,
    ts bigint encode raw,
    user_agent varchar(1024) encode zstd,
    user_id varchar(64) encode zstd,
    extra varchar(65535) encode zstd
)
diststyle key distkey(session_id)
compound sortkey(ts);

-- set up: create staging.songs
create table staging.songs (
    file_id integer encode az64,
    num_songs bigint encode az64,
    artist_id varchar(64) encode zstd,
    artist_latitude double precision encode zstd,
    artist_longitude double precision encode zstd,
    artist_location varchar(1024) encode zstd,
    artist_name varchar(1024) encode zstd,
    song_id varchar(64) encode raw,
    title varchar(1024) encode zstd,
    duration double precision encode zstd,
    year bigint encode az64,
    extra varchar(65535) encode zstd
)
diststyle all
compound sortkey(song_id);

-- set up: create ops.files
create table ops.files (
    kind varchar(16) encode bytedict not null,
    path varchar(4096) encode raw not null,
    file_id integer encode az64 not null,
    sha256 varchar(64) encode zstd not null,
    bytes bigint encode az64 not null,
    fingerprint varchar(256) encode zstd,
    lines bigint encode az64 not null,
    staged bigint encode az64 not null,
    rejected bigint encode az64 not null,
    blank bigint encode az64 not null,
    duplicate boolean encode zstd not null,
    run_id varchar(64) encode zstd not null,
    loaded_at timestamp encode az64 not null
)
diststyle all
compound sortkey(path);

-- set up: create ops.runs
create table ops.runs (
    run_id varchar(64) encode zstd not null,
    command varchar(64) encode zstd not null,
    started_at timestamp encode raw not null,
    committed_at timestamp encode az64 not null,
    duration_seconds double precision encode zstd not null,
    files_loaded integer encode az64 not null,
    events_staged integer encode az64 not null,
    songs_staged integer encode az64 not null,
    rejected integer encode az64 not null,
    songplays_rows integer encode az64 not null,
    match_on varchar(64) encode zstd not null,
    sparkify_version varchar(32) encode zstd not null,
    report varchar(65535) encode zstd not null
)
diststyle all
compound sortkey(started_at);

-- set up: create ops.rejects
create table ops.rejects (
    reject_id varchar(64) encode zstd not null,
    file_id integer encode az64 not null,
    kind varchar(16) encode bytedict not null,
    path varchar(4096) encode zstd not null,
    line bigint encode az64 not null,
    rule varchar(64) encode zstd not null,
    field varchar(1024) encode zstd,
    value varchar(4096) encode zstd,
    reason varchar(4096) encode zstd not null,
    "raw" varchar(65535) encode zstd not null,
    run_id varchar(64) encode zstd not null,
    rejected_at timestamp encode raw not null
)
diststyle even
compound sortkey(rejected_at);

-- set up: create ops.repeated_events
create table ops.repeated_events (
    file_id integer encode az64 not null,
    artist varchar(1024) encode zstd,
    auth varchar(64) encode zstd,
    first_name varchar(256) encode zstd,
    gender varchar(16) encode zstd,
    item_in_session bigint encode az64 not null,
    last_name varchar(256) encode zstd,
    length double precision encode zstd,
    level varchar(16) encode bytedict not null,
    location varchar(512) encode zstd,
    method varchar(16) encode zstd,
    page varchar(64) encode zstd not null,
    registration double precision encode zstd,
    session_id bigint encode az64 not null,
    song varchar(1024) encode zstd,
    status bigint encode az64,
    ts bigint encode raw not null,
    user_agent varchar(1024) encode zstd,
    user_id varchar(64) encode zstd,
    extra varchar(65535) encode zstd,
    repeat varchar(16) encode bytedict not null
)
diststyle key distkey(session_id)
compound sortkey(ts);

-- set up: create ops.repeated_songs
create table ops.repeated_songs (
    file_id integer encode az64 not null,
    num_songs bigint encode az64,
    artist_id varchar(64) encode zstd not null,
    artist_latitude double precision encode zstd,
    artist_longitude double precision encode zstd,
    artist_location varchar(1024) encode zstd,
    artist_name varchar(1024) encode zstd not null,
    song_id varchar(64) encode raw not null,
    title varchar(1024) encode zstd not null,
    duration double precision encode zstd not null,
    year bigint encode az64,
    extra varchar(65535) encode zstd,
    repeat varchar(16) encode bytedict not null
)
diststyle even
compound sortkey(song_id);

-- set up: create ops.song_keys
create table ops.song_keys (
    song_id varchar(64) encode zstd not null,
    artist_id varchar(64) encode zstd not null,
    spelling varchar(32) encode bytedict not null,
    title varchar(8192) encode raw not null,
    artist_name varchar(8192) encode zstd not null,
    duration double precision encode zstd not null
)
diststyle all
compound sortkey(title);

-- set up: create ops.user_levels
create table ops.user_levels (
    user_id varchar(64) encode raw not null,
    level varchar(16) encode bytedict not null,
    valid_from timestamp encode az64 not null,
    valid_to timestamp encode az64
)
diststyle all
compound sortkey(user_id);

-- set up: create ops.drift
create table ops.drift (
    file_id integer encode raw not null,
    change varchar(16) encode bytedict not null,
    key varchar(1024) encode zstd not null,
    records bigint encode az64 not null
)
diststyle all
compound sortkey(file_id);

-- set up: create ops.warehouse
create table ops.warehouse (
    layout_version integer encode az64 not null,
    created_by varchar(32) encode zstd not null,
    next_file_id integer encode az64 not null,
    last_run_id varchar(64) encode zstd,
    match_on varchar(64) encode zstd not null
)
diststyle all;

-- append: ops.warehouse, few rows
insert into ops.warehouse (layout_version, created_by, next_file_id, last_run_id, match_on) values (cast($1 as integer), $2, cast($3 as integer), $4, $5);

-- lease: whether it is still held
select 1 as held;

-- commit
commit;

-- plan: next file id, and what plays are matched on
select match_on, next_file_id, (select coalesce(max(file_id), 0) from ops.files) as last_file_id from ops.warehouse;

-- plan: how many files are known
select count(*) as names, min(file_id) as first, max(file_id) as last from ops.files where kind = 'song';

-- plan: known files by sha256
select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = 'song' and sha256 in ('etag:7bbedce859bbff87620de9de6369412af2089c39b3ece4d11eb69042983') order by path;

-- plan: known files by fingerprint
select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = 'song' and fingerprint in ('191:"d7ee835b1d19ffd98b78c65fbf362259"') order by path;

-- load: whether staging.events is empty
select file_id from staging.events limit 1;

-- load: whether staging.songs is empty
select file_id from staging.songs limit 1;

-- load: whether a file was loaded before
select path from ops.files where kind = 'log' and staged > 0 limit 1;

-- totals: report of the last run
select report from ops.runs where run_id = (select last_run_id from ops.warehouse);

-- copy: make read_records
create temporary table read_records_1 (record super);

-- copy: records
copy read_records_1 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/songs-1.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: what COPY counted
select pg_last_copy_count() as records, pg_last_copy_id() as query_id;

-- copy: records that came
select count(*) as records from read_records_1;

-- copy: what the system views tell of it
select query_id, loaded_rows, error_count, source_file_count from sys_load_history
       where (query_id = 1000 or trim(data_source) = 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/songs-1.manifest') and status = 'completed'
       order by query_id desc limit 1;

-- copy: objects with records that it could not read
select trim(file_name) as file_name, count(*) as errors from sys_load_error_detail where query_id = 1000 group by file_name order by file_name;

-- copy: make read_records
create temporary table read_records_2 (record super);

-- copy: records
copy read_records_2 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-2.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_2;

-- copy: make read_records
create temporary table read_records_3 (record super);

-- copy: records
copy read_records_3 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-3.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest gzip maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_3;

-- copy: make read_records
create temporary table read_records_4 (record super);

-- copy: records
copy read_records_4 from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-4.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 'noshred' manifest zstd maxerror 100000 compupdate off statupdate off;

-- copy: records that came
select count(*) as records from read_records_4;

-- lock tables
lock artists, ops.drift, ops.files, ops.rejects, ops.repeated_events, ops.repeated_songs, ops.runs, ops.song_keys, ops.user_levels, ops.warehouse, songplays, songs, staging.events, staging.songs, time, users;

-- drift: records that are objects
select count(*) as records from read_records_1 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_1 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.songs
insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra)
select 1, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra from (
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
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_1 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_1;

-- stage: rows by file in staging.songs
select file_id, count(*) as records from staging.songs
       where file_id between 1 and 1 group by file_id;

-- stage: rows by file in ops.rejects
select file_id, count(*) as records from ops.rejects
       where file_id between 1 and 1 group by file_id;

-- drift: records that are objects
select count(*) as records from read_records_2 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_2 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 2, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
    from read_records_2 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_2;

-- drift: records that are objects
select count(*) as records from read_records_3 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_3 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 3, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
    from read_records_3 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_3;

-- drift: records that are objects
select count(*) as records from read_records_4 as source where json_typeof(source.record) = 'object';

-- drift: keys of the records
select name, count(*) as records
     from (
       select cast(key as varchar(65535)) as name from read_records_4 as source, unpivot source.record as value at key
     ) as keys
     group by name order by name;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 4, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
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
    from read_records_4 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- copy: drop read_records
drop table if exists read_records_4;

-- stage: rows by file in staging.events
select file_id, count(*) as records from staging.events
       where file_id between 2 and 4 group by file_id;

-- affected: no touched_events yet
create temporary table touched_events as select session_id, item_in_session, user_id, ts from staging.events where 1 = 0;

-- affected: no touched_songs yet
create temporary table touched_songs as select song_id, artist_id from staging.songs where 1 = 0;

-- append: ops.files, few rows
insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ($1, $2, cast($3 as integer), $4, cast($5 as bigint), $6, cast($7 as bigint), cast($8 as bigint), cast($9 as bigint), cast($10 as bigint), cast($11 as boolean), $12, cast($13 as timestamp));

-- manifest: next names become the first
update ops.files set duplicate = false
where kind = $1 and duplicate and path in (
    select min(path) from ops.files where kind = $1 group by file_id, sha256 having bool_and(duplicate)
);

-- manifest: the next file id
update ops.warehouse set next_file_id = 5;

-- deduplicate: contested keys
create temporary table contested as select song_id
from (
    select song_id, 0 as aside from staging.songs where 1 = 1
    union all
    select song_id, 1 as aside from ops.repeated_songs where 1 = 1
) as standing
group by song_id
having count(*) > 1 or max(aside) = 1;

-- deduplicate: how many keys are contested
select count(*) as keys from contested;

-- append: ops.files, few rows
insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ($1, $2, cast($3 as integer), $4, cast($5 as bigint), $6, cast($7 as bigint), cast($8 as bigint), cast($9 as bigint), cast($10 as bigint), cast($11 as boolean), $12, cast($13 as timestamp)), ($14, $15, cast($16 as integer), $17, cast($18 as bigint), $19, cast($20 as bigint), cast($21 as bigint), cast($22 as bigint), cast($23 as bigint), cast($24 as boolean), $25, cast($26 as timestamp)), ($27, $28, cast($29 as integer), $30, cast($31 as bigint), $32, cast($33 as bigint), cast($34 as bigint), cast($35 as bigint), cast($36 as bigint), cast($37 as boolean), $38, cast($39 as timestamp));

-- temporary tables: drop contested
drop table if exists contested;

-- deduplicate: contested keys
create temporary table contested as select session_id, item_in_session
from (
    select session_id, item_in_session, 0 as aside from staging.events where 1 = 1
    union all
    select session_id, item_in_session, 1 as aside from ops.repeated_events where 1 = 1
) as standing
group by session_id, item_in_session
having count(*) > 1 or max(aside) = 1;

-- song keys: touched ones before
create temporary table touched_keys as select title, artist_name from ops.song_keys where 1 = 1;

-- song keys: take touched ones out
delete from ops.song_keys;

-- song keys: own spellings
insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration)
select song_id, artist_id, 'own', rtrim(title, ' '), rtrim(artist_name, ' '), duration
from staging.songs
where 1 = 1;

-- song keys: accented songs
select song_id, artist_id, title, artist_name, duration
from ops.song_keys
where spelling = 'own' and 1 = 1
    and (octet_length(title) > length(title) or octet_length(artist_name) > length(artist_name));

-- append: ops.song_keys, few rows
insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ($1, $2, $3, $4, $5, cast($6 as double precision)), ($7, $8, $9, $10, $11, cast($12 as double precision));

-- song keys: touched ones after
insert into touched_keys
     select title, artist_name from ops.song_keys where 1 = 1;

-- build songs: rows before
select count(*) as records from songs;

-- build songs: all rows of its model
insert into songs (song_id, title, artist_id, year, duration) select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from staging.songs as song;

-- build artists: rows before
select count(*) as records from artists;

-- build artists: all rows of its model
insert into artists (artist_id, name, location, latitude, longitude) with names as (
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

-- build songplays: rows before
select count(*) as records from songplays;

-- build songplays: all rows of its model
insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) with ranked_song_keys as (
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

-- build time: rows before
select count(*) as records from time;

-- build time: all rows of its model
insert into time (start_time, hour, day, week, month, year, weekday) select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from songplays) as play;

-- build users: rows before
select count(*) as records from users;

-- build users: all rows of its model
insert into users (user_id, first_name, last_name, gender, level) with latest_moments as (
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

-- build ops.user_levels: rows before
select count(*) as records from ops.user_levels;

-- build ops.user_levels: all rows of its model
insert into ops.user_levels (user_id, level, valid_from, valid_to) with spans as (
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

-- check: songplays.user_id reference
select count(*) as failures from (select user_id
            from (select distinct user_id from songplays where user_id is not null) as referring
            where not exists (select 1 from users where users.user_id = referring.user_id)) as failing;

-- check: songplays.song_id reference
select count(*) as failures from (select song_id
            from (select distinct song_id from songplays where song_id is not null) as referring
            where not exists (select 1 from songs where songs.song_id = referring.song_id)) as failing;

-- check: songplays.artist_id reference
select count(*) as failures from (select artist_id
            from (select distinct artist_id from songplays where artist_id is not null) as referring
            where not exists (select 1 from artists where artists.artist_id = referring.artist_id)) as failing;

-- check: songplays.level values
select count(*) as failures from (select level, count(*) as found from songplays
                  where level is not null and level not in ('free', 'paid') group by level) as failing;

-- check: users key
select count(*) as failures from (select user_id, count(*) as found from users group by user_id having count(*) > 1) as failing;

-- check: users.gender values
select count(*) as failures from (select gender, count(*) as found from users
                  where gender is not null and gender not in ('F', 'M') group by gender) as failing;

-- check: users.level values
select count(*) as failures from (select level, count(*) as found from users
                  where level is not null and level not in ('free', 'paid') group by level) as failing;

-- check: songs key
select count(*) as failures from (select song_id, count(*) as found from songs group by song_id having count(*) > 1) as failing;

-- check: songs.artist_id reference
select count(*) as failures from (select artist_id
            from (select distinct artist_id from songs where artist_id is not null) as referring
            where not exists (select 1 from artists where artists.artist_id = referring.artist_id)) as failing;

-- check: artists key
select count(*) as failures from (select artist_id, count(*) as found from artists group by artist_id having count(*) > 1) as failing;

-- check: songplays-are-next-song-events
select count(*) as failures from (-- songplays has as many rows as there are staged plays; that they are the same, the check of its model says.
select songplays.plays as songplays_rows, staged.plays as staged_plays
from (select count(*) as plays from songplays) as songplays
cross join (select count(*) as plays from staging.events where page = 'NextSong') as staged
where songplays.plays <> staged.plays
) as failing;

-- check: one-current-level-per-user
select count(*) as failures from (-- Every user has exactly one current level, and users.level is that one.
select users.user_id, users.level, count(history.user_id) as current_levels
from users
left join ops.user_levels as history
    on history.user_id = users.user_id
    and history.valid_to is null
    and history.level = users.level
group by users.user_id, users.level
having count(history.user_id) <> 1
union all
select history.user_id, min(history.level) as level, count(*) as current_levels
from ops.user_levels as history
where history.valid_to is null
group by history.user_id
having count(*) <> 1
) as failing;

-- check: coordinates-are-whole-pairs
select count(*) as failures from (-- Half a coordinate is no place.
select artist_id, latitude, longitude
from artists
where (latitude is null and longitude is not null) or (latitude is not null and longitude is null)
) as failing;

-- check: time-is-distinct-start-times
select count(*) as failures from (-- time has as many rows as songplays has distinct start_times; that they are the same, the check of its model says.
select distinct_times.moments as distinct_start_times, time_rows.moments as time_rows
from (select count(distinct start_time) as moments from songplays) as distinct_times
cross join (select count(*) as moments from time) as time_rows
where distinct_times.moments <> time_rows.moments
) as failing;

-- check: files-balance
select count(*) as failures from (-- For every file: lines = staged + rejected + blank.
select kind, path, file_id, lines, staged, rejected, blank
from ops.files
where lines <> staged + rejected + blank
) as failing;

-- drift: keys and records kept
select count(*) as keys, coalesce(sum(records), 0) as records from ops.drift where 1 = 1;

-- summarise: rejects by rule
select rule, field, count(*) as records, min(reject_id) as example
from ops.rejects
where run_id = $1
group by rule, field
order by records desc, rule, field;

-- match: plays with a song in songplays
select count(*) as plays, count(song_id) as matched from songplays;

-- match: plays with a known artist or title in songplays
select
    count(*) as plays,
    count(known_title.title) as with_known_title,
    count(known_artist.artist_name) as with_known_artist
from staging.events as event
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
where (drift.file_id between 1 and 4)
group by file.kind, drift.change, drift.key
order by records desc, key;

-- summarise: span of the events
select min(ts) as earliest, max(ts) as latest from staging.events;

-- record: the last run
update ops.warehouse set last_run_id = $1;

-- append: ops.runs, few rows
insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ($1, $2, cast($3 as timestamp), cast($4 as timestamp), cast($5 as double precision), cast($6 as integer), cast($7 as integer), cast($8 as integer), cast($9 as integer), cast($10 as integer), $11, $12, $13);

-- statistics: rows of a table
select count(*) as known from staging.songs;

-- statistics: of a table
analyze staging.songs;

-- statistics: rows of a table
select count(*) as known from staging.events;

-- statistics: of a table
analyze staging.events;

-- statistics: rows of a table
select count(*) as known from songs;

-- statistics: of a table
analyze songs;

-- statistics: rows of a table
select count(*) as known from artists;

-- statistics: of a table
analyze artists;

-- statistics: rows of a table
select count(*) as known from songplays;

-- statistics: of a table
analyze songplays;

-- statistics: rows of a table
select count(*) as known from time;

-- statistics: of a table
analyze time;

-- statistics: rows of a table
select count(*) as known from users;

-- statistics: of a table
analyze users;

-- statistics: rows of a table
select count(*) as known from ops.user_levels;

-- statistics: of a table
analyze ops.user_levels;

-- set up: layout of the warehouse
select layout_version, created_by from ops.warehouse order by layout_version desc;

-- plan: known files by page
select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = 'song' and file_id >= 1 and file_id < 2 order by path;

-- What is sent to Amazon Redshift: a dry run. Of each name and shape, the first.

-- lease: say who holds it
insert into ops.lease_holder (holder, since) values ('sparkify etl (process 1 on host), PID 0 of the cluster', '2026-01-01 00:00:00.000');

-- set up: create a schema
create schema if not exists "ops";

-- append: ops.warehouse, few rows
insert into ops.warehouse (layout_version, created_by, next_file_id, last_run_id, match_on) values (cast(2 as integer), '0.1.0', cast(1 as integer), null, 'title, artist, duration');

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
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_1 as source
  ) as readable
) as judged
where fault > 0;

-- validate: write what staging.songs refused
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at)
select '1:' || cast(place as varchar), 1, 'song', cast('s3://data/song_data/ (3 objects)' as varchar(4096)), 0, rule, field, value, reason, "raw", cast('2026-01-01T00:00:00.000Z-0123' as varchar(64)), cast('2026-01-01 00:00:00.000' as timestamp)
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
    from read_records_2 as source
  ) as readable
) as judged
where fault > 0;

-- validate: write what staging.events refused
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at)
select '2:' || cast(place as varchar), 2, 'log', cast('s3://data/log_data/ (7 objects)' as varchar(4096)), 0, rule, field, value, reason, "raw", cast('2026-01-01T00:00:00.000Z-0123' as varchar(64)), cast('2026-01-01 00:00:00.000' as timestamp)
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
    from read_records_3 as source
  ) as readable
) as judged
where fault > 0;

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
    from read_records_4 as source
  ) as readable
) as judged
where fault > 0;

-- append: ops.files, few rows
insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', 's3://data/song_data/1.json', cast(1 as integer), 'etag:7bbedce859bbff87620de9de6369412af2089c39b3ece4d11eb69042983', cast(191 as bigint), '191:"d7ee835b1d19ffd98b78c65fbf362259"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('song', 's3://data/song_data/2.json', cast(1 as integer), 'etag:1c1edfacf61d42394332318db4b82f2324cb9d0bb5dbe819f3c962c850b', cast(203 as bigint), '203:"d0ae5c0a7f0e3145277bdc4fed00d7fb"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('song', 's3://data/song_data/3.json', cast(1 as integer), 'etag:002c52e0dd68fb5b4b279982ef9507df5b8766e49d4770b721dc5cc37bf', cast(191 as bigint), '191:"3159bf78c58cacc38479a0bc2c8da3b6"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp));

-- manifest: next names become the first
update ops.files set duplicate = false
where kind = 'song' and duplicate and path in (
    select min(path) from ops.files where kind = 'song' group by file_id, sha256 having bool_and(duplicate)
);

-- append: ops.files, few rows
insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('log', 's3://data/log_data/1.json', cast(2 as integer), 'etag:8e3243793f26dde994063721a5c42d37e8c5941dab2dc1ded43c933c2b1', cast(1408 as bigint), '1408:"3fe616894429ed7095e553d1ae3105fa"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/10.json', cast(2 as integer), 'etag:f482e8d048a360afc218407496a9e1abdb4bc940f3559d79d5f1d7690e2', cast(348 as bigint), '348:"30ec66f9e3f6d760479bd1dd384e715b"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/11.json', cast(2 as integer), 'etag:38a82d203b1ddd76717025eb3ae17bbdf0064ced3ae47d9b45a2602a398', cast(348 as bigint), '348:"1468abd07055420aea19edd234dc4900"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/4.json', cast(2 as integer), 'etag:bbdf842124c1618cbb11da1866f1cb8d6cc6356f0c1964ea06dbf5f6fea', cast(695 as bigint), '695:"eedfedbb65e212c6ed21707b68af39b3"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/5.json', cast(2 as integer), 'etag:33921d77a808502f1f0c0698c7faa5a69ed6fbd2e347defb4b8bb1e250d', cast(1396 as bigint), '1396:"618f69b1616634e0eee4055852cd572f"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/7.json', cast(2 as integer), 'etag:00792c0d0d9daa29673613e85fd0779b75c6fe8d2a253bf3bbcf5263b70', cast(704 as bigint), '704:"b1b26cab6e9a6584c905ea20e1ad0211"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/9.json', cast(2 as integer), 'etag:18cdbc46768d1772ec54800e056cbd7c9112ffe90851ec4c34586c45ce3', cast(347 as bigint), '347:"5f60d256d120064251e059b478862963"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/2.json.gz', cast(3 as integer), 'etag:a7013c89288f8230873c8ed048bd3e51b9a883704d4deaf3aacbff13c9c', cast(714 as bigint), '714:"b8ba47bf5b5c1a8e17bbde0963167819"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/8.json.gz', cast(3 as integer), 'etag:45967a50350d4e59b890e2c791ec952bcc50cba3b8483586a5a5c7da1d6', cast(60 as bigint), '60:"81a2587fc5bd62b07ea0b66a6d712d0f"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/3.json.zst', cast(4 as integer), 'etag:e4b2987887fe032c75c6aa5675af58cfd79e38fea996813750be2d61201', cast(293 as bigint), '293:"7b7b4b63914630c7e021fc49425157ce"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(false as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp)), ('log', 's3://data/log_data/6.json', cast(2 as integer), 'etag:bbdf842124c1618cbb11da1866f1cb8d6cc6356f0c1964ea06dbf5f6fea', cast(695 as bigint), '695:"eedfedbb65e212c6ed21707b68af39b3"', cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(0 as bigint), cast(true as boolean), '2026-01-01T00:00:00.000Z-0123', cast('2026-01-01 00:00:00.000' as timestamp));

-- summarise: rejects by rule
select rule, field, count(*) as records, min(reject_id) as example
from ops.rejects
where run_id = '2026-01-01T00:00:00.000Z-0123'
group by rule, field
order by records desc, rule, field;

-- record: the last run
update ops.warehouse set last_run_id = '2026-01-01T00:00:00.000Z-0123';

-- append: ops.runs, few rows
insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ('2026-01-01T00:00:00.000Z-0123', 'test', cast('2026-01-01 00:00:00.000' as timestamp), cast('2026-01-01 00:00:00.000' as timestamp), cast(0 as double precision), cast(13 as integer), cast(0 as integer), cast(0 as integer), cast(0 as integer), cast(0 as integer), 'title, artist, duration', '0.1.0', '{}');

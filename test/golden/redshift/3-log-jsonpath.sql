-- What is sent to Amazon Redshift: 3 log jsonpath. Of each name and shape, the first.

-- copy: make read_records
create temporary table read_records_2 (artist super, auth super, first_name super, gender super, item_in_session super, last_name super, length super, level super, location super, method super, page super, registration super, session_id super, song super, status super, ts super, user_agent super, user_id super);

-- drift: number the records
insert into read_rows (record) select record from read_records_1;

-- validate: take records into staging.events
insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra)
select 2, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra from (
select artist, auth, first_name, gender, case when abs(item_in_session) <= 9007199254740991 then cast(item_in_session as bigint) end as item_in_session, last_name, case when length = 0 then 0 else length end as length, level, location, method, page, case when registration = 0 then 0 else registration end as registration, case when abs(session_id) <= 9007199254740991 then cast(session_id as bigint) end as session_id, song, case when abs(status) <= 9007199254740991 then cast(status as bigint) end as status, case when abs(ts) <= 9007199254740991 then cast(ts as bigint) end as ts, user_agent, user_id, extra
from (
  select artist, artist_type, auth, auth_type, first_name, first_name_type, gender, gender_type, item_in_session, item_in_session_type, last_name, last_name_type, length, length_type, level, level_type, location, location_type, method, method_type, page, page_type, registration, registration_type, session_id, session_id_type, song, song_type, status, status_type, ts, ts_type, user_agent, user_agent_type, user_id, user_id_type, artist_json, auth_json, first_name_json, gender_json, item_in_session_json, last_name_json, length_json, level_json, location_json, method_json, page_json, registration_json, session_id_json, song_json, status_json, ts_json, user_agent_json, user_id_json, extra, case
    when artist_type not in ('string', 'null') then 1
    when octet_length(artist) > 1024 then 2
    when auth_type not in ('string', 'null') then 3
    when octet_length(auth) > 64 then 4
    when first_name_type not in ('string', 'null') then 5
    when octet_length(first_name) > 256 then 6
    when gender_type not in ('string', 'null') then 7
    when octet_length(gender) > 16 then 8
    when coalesce(item_in_session_type, 'null') = 'null' then 9
    when item_in_session_type not in ('number', 'null') or floor(item_in_session) <> item_in_session then 10
    when (item_in_session_type = 'number' and item_in_session is null) or abs(item_in_session) > 9007199254740991 or item_in_session < 0 then 11
    when last_name_type not in ('string', 'null') then 12
    when octet_length(last_name) > 256 then 13
    when length_type not in ('number', 'null') then 14
    when (length_type = 'number' and length is null) or length < 0 then 15
    when coalesce(level_type, 'null') = 'null' then 16
    when level_type not in ('string', 'null') then 17
    when level not in ('free', 'paid') then 18
    when location_type not in ('string', 'null') then 19
    when octet_length(location) > 512 then 20
    when method_type not in ('string', 'null') then 21
    when octet_length(method) > 16 then 22
    when coalesce(page_type, 'null') = 'null' then 23
    when page_type not in ('string', 'null') then 24
    when octet_length(page) > 64 then 25
    when registration_type not in ('number', 'null') then 26
    when (registration_type = 'number' and registration is null) then 27
    when coalesce(session_id_type, 'null') = 'null' then 28
    when session_id_type not in ('number', 'null') or floor(session_id) <> session_id then 29
    when (session_id_type = 'number' and session_id is null) or abs(session_id) > 9007199254740991 or session_id < 0 then 30
    when song_type not in ('string', 'null') then 31
    when octet_length(song) > 1024 then 32
    when status_type not in ('number', 'null') or floor(status) <> status then 33
    when (status_type = 'number' and status is null) or abs(status) > 9007199254740991 then 34
    when coalesce(ts_type, 'null') = 'null' then 35
    when ts_type not in ('number', 'null') or floor(ts) <> ts then 36
    when (ts_type = 'number' and ts is null) or abs(ts) > 9007199254740991 or ts < 946684800000 or ts > 1767312000000 then 37
    when user_agent_type not in ('string', 'null') then 38
    when octet_length(user_agent) > 1024 then 39
    when user_id_type not in ('string', 'null') then 40
    when octet_length(user_id) > 64 then 41
    when page = 'NextSong' and (user_id is null or user_id = '') then 42
    when page = 'NextSong' and (song is null or song = '') then 43
    when page = 'NextSong' and (artist is null or artist = '') then 44
    when page = 'NextSong' and (length is null) then 45
    else 0 end as fault
  from (
    select case json_typeof(source.artist) when 'string' then cast(source.artist as varchar(65535)) end as artist,
      json_typeof(source.artist) as artist_type,
      source.artist as artist_json,
      case json_typeof(source.auth) when 'string' then cast(source.auth as varchar(65535)) end as auth,
      json_typeof(source.auth) as auth_type,
      source.auth as auth_json,
      case json_typeof(source.first_name) when 'string' then cast(source.first_name as varchar(65535)) end as first_name,
      json_typeof(source.first_name) as first_name_type,
      source.first_name as first_name_json,
      case json_typeof(source.gender) when 'string' then cast(source.gender as varchar(65535)) end as gender,
      json_typeof(source.gender) as gender_type,
      source.gender as gender_json,
      case json_typeof(source.item_in_session) when 'number' then cast(source.item_in_session as double precision) end as item_in_session,
      json_typeof(source.item_in_session) as item_in_session_type,
      source.item_in_session as item_in_session_json,
      case json_typeof(source.last_name) when 'string' then cast(source.last_name as varchar(65535)) end as last_name,
      json_typeof(source.last_name) as last_name_type,
      source.last_name as last_name_json,
      case json_typeof(source.length) when 'number' then cast(source.length as double precision) end as length,
      json_typeof(source.length) as length_type,
      source.length as length_json,
      case json_typeof(source.level) when 'string' then cast(source.level as varchar(65535)) end as level,
      json_typeof(source.level) as level_type,
      source.level as level_json,
      case json_typeof(source.location) when 'string' then cast(source.location as varchar(65535)) end as location,
      json_typeof(source.location) as location_type,
      source.location as location_json,
      case json_typeof(source.method) when 'string' then cast(source.method as varchar(65535)) end as method,
      json_typeof(source.method) as method_type,
      source.method as method_json,
      case json_typeof(source.page) when 'string' then cast(source.page as varchar(65535)) end as page,
      json_typeof(source.page) as page_type,
      source.page as page_json,
      case json_typeof(source.registration) when 'number' then cast(source.registration as double precision) end as registration,
      json_typeof(source.registration) as registration_type,
      source.registration as registration_json,
      case json_typeof(source.session_id) when 'number' then cast(source.session_id as double precision) end as session_id,
      json_typeof(source.session_id) as session_id_type,
      source.session_id as session_id_json,
      case json_typeof(source.song) when 'string' then cast(source.song as varchar(65535)) end as song,
      json_typeof(source.song) as song_type,
      source.song as song_json,
      case json_typeof(source.status) when 'number' then cast(source.status as double precision) end as status,
      json_typeof(source.status) as status_type,
      source.status as status_json,
      case json_typeof(source.ts) when 'number' then cast(source.ts as double precision) end as ts,
      json_typeof(source.ts) as ts_type,
      source.ts as ts_json,
      case json_typeof(source.user_agent) when 'string' then cast(source.user_agent as varchar(65535)) end as user_agent,
      json_typeof(source.user_agent) as user_agent_type,
      source.user_agent as user_agent_json,
      case json_typeof(source.user_id) when 'string' then cast(source.user_id as varchar(65535)) end as user_id,
      json_typeof(source.user_id) as user_id_type,
      source.user_id as user_id_json,
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_2 as source
  ) as readable
) as judged
where fault = 0
) as accepted;

-- validate: records that staging.events refuses
create temporary table read_refused as select fault, artist_json, auth_json, first_name_json, gender_json, item_in_session_json, last_name_json, length_json, level_json, location_json, method_json, page_json, registration_json, session_id_json, song_json, status_json, ts_json, user_agent_json, user_id_json
from (
  select artist, artist_type, auth, auth_type, first_name, first_name_type, gender, gender_type, item_in_session, item_in_session_type, last_name, last_name_type, length, length_type, level, level_type, location, location_type, method, method_type, page, page_type, registration, registration_type, session_id, session_id_type, song, song_type, status, status_type, ts, ts_type, user_agent, user_agent_type, user_id, user_id_type, artist_json, auth_json, first_name_json, gender_json, item_in_session_json, last_name_json, length_json, level_json, location_json, method_json, page_json, registration_json, session_id_json, song_json, status_json, ts_json, user_agent_json, user_id_json, extra, case
    when artist_type not in ('string', 'null') then 1
    when octet_length(artist) > 1024 then 2
    when auth_type not in ('string', 'null') then 3
    when octet_length(auth) > 64 then 4
    when first_name_type not in ('string', 'null') then 5
    when octet_length(first_name) > 256 then 6
    when gender_type not in ('string', 'null') then 7
    when octet_length(gender) > 16 then 8
    when coalesce(item_in_session_type, 'null') = 'null' then 9
    when item_in_session_type not in ('number', 'null') or floor(item_in_session) <> item_in_session then 10
    when (item_in_session_type = 'number' and item_in_session is null) or abs(item_in_session) > 9007199254740991 or item_in_session < 0 then 11
    when last_name_type not in ('string', 'null') then 12
    when octet_length(last_name) > 256 then 13
    when length_type not in ('number', 'null') then 14
    when (length_type = 'number' and length is null) or length < 0 then 15
    when coalesce(level_type, 'null') = 'null' then 16
    when level_type not in ('string', 'null') then 17
    when level not in ('free', 'paid') then 18
    when location_type not in ('string', 'null') then 19
    when octet_length(location) > 512 then 20
    when method_type not in ('string', 'null') then 21
    when octet_length(method) > 16 then 22
    when coalesce(page_type, 'null') = 'null' then 23
    when page_type not in ('string', 'null') then 24
    when octet_length(page) > 64 then 25
    when registration_type not in ('number', 'null') then 26
    when (registration_type = 'number' and registration is null) then 27
    when coalesce(session_id_type, 'null') = 'null' then 28
    when session_id_type not in ('number', 'null') or floor(session_id) <> session_id then 29
    when (session_id_type = 'number' and session_id is null) or abs(session_id) > 9007199254740991 or session_id < 0 then 30
    when song_type not in ('string', 'null') then 31
    when octet_length(song) > 1024 then 32
    when status_type not in ('number', 'null') or floor(status) <> status then 33
    when (status_type = 'number' and status is null) or abs(status) > 9007199254740991 then 34
    when coalesce(ts_type, 'null') = 'null' then 35
    when ts_type not in ('number', 'null') or floor(ts) <> ts then 36
    when (ts_type = 'number' and ts is null) or abs(ts) > 9007199254740991 or ts < 946684800000 or ts > 1767312000000 then 37
    when user_agent_type not in ('string', 'null') then 38
    when octet_length(user_agent) > 1024 then 39
    when user_id_type not in ('string', 'null') then 40
    when octet_length(user_id) > 64 then 41
    when page = 'NextSong' and (user_id is null or user_id = '') then 42
    when page = 'NextSong' and (song is null or song = '') then 43
    when page = 'NextSong' and (artist is null or artist = '') then 44
    when page = 'NextSong' and (length is null) then 45
    else 0 end as fault
  from (
    select case json_typeof(source.artist) when 'string' then cast(source.artist as varchar(65535)) end as artist,
      json_typeof(source.artist) as artist_type,
      source.artist as artist_json,
      case json_typeof(source.auth) when 'string' then cast(source.auth as varchar(65535)) end as auth,
      json_typeof(source.auth) as auth_type,
      source.auth as auth_json,
      case json_typeof(source.first_name) when 'string' then cast(source.first_name as varchar(65535)) end as first_name,
      json_typeof(source.first_name) as first_name_type,
      source.first_name as first_name_json,
      case json_typeof(source.gender) when 'string' then cast(source.gender as varchar(65535)) end as gender,
      json_typeof(source.gender) as gender_type,
      source.gender as gender_json,
      case json_typeof(source.item_in_session) when 'number' then cast(source.item_in_session as double precision) end as item_in_session,
      json_typeof(source.item_in_session) as item_in_session_type,
      source.item_in_session as item_in_session_json,
      case json_typeof(source.last_name) when 'string' then cast(source.last_name as varchar(65535)) end as last_name,
      json_typeof(source.last_name) as last_name_type,
      source.last_name as last_name_json,
      case json_typeof(source.length) when 'number' then cast(source.length as double precision) end as length,
      json_typeof(source.length) as length_type,
      source.length as length_json,
      case json_typeof(source.level) when 'string' then cast(source.level as varchar(65535)) end as level,
      json_typeof(source.level) as level_type,
      source.level as level_json,
      case json_typeof(source.location) when 'string' then cast(source.location as varchar(65535)) end as location,
      json_typeof(source.location) as location_type,
      source.location as location_json,
      case json_typeof(source.method) when 'string' then cast(source.method as varchar(65535)) end as method,
      json_typeof(source.method) as method_type,
      source.method as method_json,
      case json_typeof(source.page) when 'string' then cast(source.page as varchar(65535)) end as page,
      json_typeof(source.page) as page_type,
      source.page as page_json,
      case json_typeof(source.registration) when 'number' then cast(source.registration as double precision) end as registration,
      json_typeof(source.registration) as registration_type,
      source.registration as registration_json,
      case json_typeof(source.session_id) when 'number' then cast(source.session_id as double precision) end as session_id,
      json_typeof(source.session_id) as session_id_type,
      source.session_id as session_id_json,
      case json_typeof(source.song) when 'string' then cast(source.song as varchar(65535)) end as song,
      json_typeof(source.song) as song_type,
      source.song as song_json,
      case json_typeof(source.status) when 'number' then cast(source.status as double precision) end as status,
      json_typeof(source.status) as status_type,
      source.status as status_json,
      case json_typeof(source.ts) when 'number' then cast(source.ts as double precision) end as ts,
      json_typeof(source.ts) as ts_type,
      source.ts as ts_json,
      case json_typeof(source.user_agent) when 'string' then cast(source.user_agent as varchar(65535)) end as user_agent,
      json_typeof(source.user_agent) as user_agent_type,
      source.user_agent as user_agent_json,
      case json_typeof(source.user_id) when 'string' then cast(source.user_id as varchar(65535)) end as user_id,
      json_typeof(source.user_id) as user_id_type,
      source.user_id as user_id_json,
      cast(null as varchar(65535)) as extra,
      0 as extra_bytes
    from read_records_2 as source
  ) as readable
) as judged
where fault > 0;

-- validate: write what staging.events refused
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at)
select '2:' || cast(place as varchar), 2, 'log', cast($1 as varchar(4096)), 0, rule, field, value, reason, "raw", cast($2 as varchar(64)), cast($3 as timestamp)
from (
select row_number() over (order by fault, "raw") as place, rule, field, case when fault in (42, 43, 44, 45) then coalesce(shown, 'null') else shown end as value, reason, "raw"
from (
  select shown, "raw", fault,
    case when fault in (1, 3, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 29, 31, 33, 36, 38, 40) then 'wrong_type'
    when fault in (2, 4, 6, 8, 13, 20, 22, 25, 32, 39, 41) then 'text_too_long'
    when fault in (9, 16, 23, 28, 35) then 'missing_field'
    when fault in (11, 15, 27, 30, 34, 37) then 'out_of_range'
    when fault in (18) then 'not_accepted'
    when fault in (42, 43, 44, 45) then 'incomplete_play' end as rule,
    case when fault in (1, 2, 44) then 'artist'
    when fault in (3, 4) then 'auth'
    when fault in (5, 6) then 'firstName'
    when fault in (7, 8) then 'gender'
    when fault in (9, 10, 11) then 'itemInSession'
    when fault in (12, 13) then 'lastName'
    when fault in (14, 15, 45) then 'length'
    when fault in (16, 17, 18) then 'level'
    when fault in (19, 20) then 'location'
    when fault in (21, 22) then 'method'
    when fault in (23, 24, 25) then 'page'
    when fault in (26, 27) then 'registration'
    when fault in (28, 29, 30) then 'sessionId'
    when fault in (31, 32, 43) then 'song'
    when fault in (33, 34) then 'status'
    when fault in (35, 36, 37) then 'ts'
    when fault in (38, 39) then 'userAgent'
    when fault in (40, 41, 42) then 'userId' end as field,
    case when fault in (1) then 'artist is ' || called || ', not a text'
    when fault in (2) then 'artist has ' || bytes || ' bytes, more than 1024'
    when fault in (3) then 'auth is ' || called || ', not a text'
    when fault in (4) then 'auth has ' || bytes || ' bytes, more than 64'
    when fault in (5) then 'firstName is ' || called || ', not a text'
    when fault in (6) then 'firstName has ' || bytes || ' bytes, more than 256'
    when fault in (7) then 'gender is ' || called || ', not a text'
    when fault in (8) then 'gender has ' || bytes || ' bytes, more than 16'
    when fault in (9) then 'itemInSession is ' || case when type is null then 'missing' else 'null' end
    when fault in (10) then 'itemInSession is ' || called || ', not a whole number'
    when fault in (11) then 'itemInSession is ' || shown || ', not a finite number from 0'
    when fault in (12) then 'lastName is ' || called || ', not a text'
    when fault in (13) then 'lastName has ' || bytes || ' bytes, more than 256'
    when fault in (14) then 'length is ' || called || ', not a number'
    when fault in (15) then 'length is ' || shown || ', not a finite number from 0'
    when fault in (16) then 'level is ' || case when type is null then 'missing' else 'null' end
    when fault in (17) then 'level is ' || called || ', not a text'
    when fault in (18) then 'level is ' || shown || ', not free or paid'
    when fault in (19) then 'location is ' || called || ', not a text'
    when fault in (20) then 'location has ' || bytes || ' bytes, more than 512'
    when fault in (21) then 'method is ' || called || ', not a text'
    when fault in (22) then 'method has ' || bytes || ' bytes, more than 16'
    when fault in (23) then 'page is ' || case when type is null then 'missing' else 'null' end
    when fault in (24) then 'page is ' || called || ', not a text'
    when fault in (25) then 'page has ' || bytes || ' bytes, more than 64'
    when fault in (26) then 'registration is ' || called || ', not a number'
    when fault in (27) then 'registration is ' || shown || ', beyond what can be stored exactly'
    when fault in (28) then 'sessionId is ' || case when type is null then 'missing' else 'null' end
    when fault in (29) then 'sessionId is ' || called || ', not a whole number'
    when fault in (30) then 'sessionId is ' || shown || ', not a finite number from 0'
    when fault in (31) then 'song is ' || called || ', not a text'
    when fault in (32) then 'song has ' || bytes || ' bytes, more than 1024'
    when fault in (33) then 'status is ' || called || ', not a whole number'
    when fault in (34) then 'status is ' || shown || ', beyond what can be stored exactly'
    when fault in (35) then 'ts is ' || case when type is null then 'missing' else 'null' end
    when fault in (36) then 'ts is ' || called || ', not a whole number'
    when fault in (37) then 'ts is ' || shown || ', outside 2000-01-01T00:00:00.000Z (946684800000) to 2026-01-02T00:00:00.000Z (1767312000000)'
    when fault in (38) then 'userAgent is ' || called || ', not a text'
    when fault in (39) then 'userAgent has ' || bytes || ' bytes, more than 1024'
    when fault in (40) then 'userId is ' || called || ', not a text'
    when fault in (41) then 'userId has ' || bytes || ' bytes, more than 64'
    when fault in (42) then 'a NextSong event without userId'
    when fault in (43) then 'a NextSong event without song'
    when fault in (44) then 'a NextSong event without artist'
    when fault in (45) then 'a NextSong event without length' end as reason
  from (
    select fault, "raw", type, shown, bytes, case type when 'null' then 'null' when 'array' then 'an array' when 'object' then 'an object'
      when 'string' then 'the text ' || shown when 'boolean' then 'the boolean ' || shown else 'the number ' || shown end as called
    from (
      select fault, "raw", type, bytes,
        case when length(json) > 200 then substring(json, 1, 200) || '…' else json end as shown
      from (
        select fault, case when coalesce(json_size(judged.artist_json), 4) + coalesce(json_size(judged.auth_json), 4) + coalesce(json_size(judged.first_name_json), 4) + coalesce(json_size(judged.gender_json), 4) + coalesce(json_size(judged.item_in_session_json), 4) + coalesce(json_size(judged.last_name_json), 4) + coalesce(json_size(judged.length_json), 4) + coalesce(json_size(judged.level_json), 4) + coalesce(json_size(judged.location_json), 4) + coalesce(json_size(judged.method_json), 4) + coalesce(json_size(judged.page_json), 4) + coalesce(json_size(judged.registration_json), 4) + coalesce(json_size(judged.session_id_json), 4) + coalesce(json_size(judged.song_json), 4) + coalesce(json_size(judged.status_json), 4) + coalesce(json_size(judged.ts_json), 4) + coalesce(json_size(judged.user_agent_json), 4) + coalesce(json_size(judged.user_id_json), 4) <= 65435 then '[' || coalesce(json_serialize(judged.artist_json), 'null') || ',' || coalesce(json_serialize(judged.auth_json), 'null') || ',' || coalesce(json_serialize(judged.first_name_json), 'null') || ',' || coalesce(json_serialize(judged.gender_json), 'null') || ',' || coalesce(json_serialize(judged.item_in_session_json), 'null') || ',' || coalesce(json_serialize(judged.last_name_json), 'null') || ',' || coalesce(json_serialize(judged.length_json), 'null') || ',' || coalesce(json_serialize(judged.level_json), 'null') || ',' || coalesce(json_serialize(judged.location_json), 'null') || ',' || coalesce(json_serialize(judged.method_json), 'null') || ',' || coalesce(json_serialize(judged.page_json), 'null') || ',' || coalesce(json_serialize(judged.registration_json), 'null') || ',' || coalesce(json_serialize(judged.session_id_json), 'null') || ',' || coalesce(json_serialize(judged.song_json), 'null') || ',' || coalesce(json_serialize(judged.status_json), 'null') || ',' || coalesce(json_serialize(judged.ts_json), 'null') || ',' || coalesce(json_serialize(judged.user_agent_json), 'null') || ',' || coalesce(json_serialize(judged.user_id_json), 'null') || ']' else '' end as "raw",
          case when fault in (1, 2, 44) then json_typeof(judged.artist_json)
    when fault in (3, 4) then json_typeof(judged.auth_json)
    when fault in (5, 6) then json_typeof(judged.first_name_json)
    when fault in (7, 8) then json_typeof(judged.gender_json)
    when fault in (9, 10, 11) then json_typeof(judged.item_in_session_json)
    when fault in (12, 13) then json_typeof(judged.last_name_json)
    when fault in (14, 15, 45) then json_typeof(judged.length_json)
    when fault in (16, 17, 18) then json_typeof(judged.level_json)
    when fault in (19, 20) then json_typeof(judged.location_json)
    when fault in (21, 22) then json_typeof(judged.method_json)
    when fault in (23, 24, 25) then json_typeof(judged.page_json)
    when fault in (26, 27) then json_typeof(judged.registration_json)
    when fault in (28, 29, 30) then json_typeof(judged.session_id_json)
    when fault in (31, 32, 43) then json_typeof(judged.song_json)
    when fault in (33, 34) then json_typeof(judged.status_json)
    when fault in (35, 36, 37) then json_typeof(judged.ts_json)
    when fault in (38, 39) then json_typeof(judged.user_agent_json)
    when fault in (40, 41, 42) then json_typeof(judged.user_id_json) end as type,
          case when fault in (1, 2, 44) then case when json_size(judged.artist_json) > 65535 then '' else json_serialize(judged.artist_json) end
    when fault in (3, 4) then case when json_size(judged.auth_json) > 65535 then '' else json_serialize(judged.auth_json) end
    when fault in (5, 6) then case when json_size(judged.first_name_json) > 65535 then '' else json_serialize(judged.first_name_json) end
    when fault in (7, 8) then case when json_size(judged.gender_json) > 65535 then '' else json_serialize(judged.gender_json) end
    when fault in (9, 10, 11) then case when json_size(judged.item_in_session_json) > 65535 then '' else json_serialize(judged.item_in_session_json) end
    when fault in (12, 13) then case when json_size(judged.last_name_json) > 65535 then '' else json_serialize(judged.last_name_json) end
    when fault in (14, 15, 45) then case when json_size(judged.length_json) > 65535 then '' else json_serialize(judged.length_json) end
    when fault in (16, 17, 18) then case when json_size(judged.level_json) > 65535 then '' else json_serialize(judged.level_json) end
    when fault in (19, 20) then case when json_size(judged.location_json) > 65535 then '' else json_serialize(judged.location_json) end
    when fault in (21, 22) then case when json_size(judged.method_json) > 65535 then '' else json_serialize(judged.method_json) end
    when fault in (23, 24, 25) then case when json_size(judged.page_json) > 65535 then '' else json_serialize(judged.page_json) end
    when fault in (26, 27) then case when json_size(judged.registration_json) > 65535 then '' else json_serialize(judged.registration_json) end
    when fault in (28, 29, 30) then case when json_size(judged.session_id_json) > 65535 then '' else json_serialize(judged.session_id_json) end
    when fault in (31, 32, 43) then case when json_size(judged.song_json) > 65535 then '' else json_serialize(judged.song_json) end
    when fault in (33, 34) then case when json_size(judged.status_json) > 65535 then '' else json_serialize(judged.status_json) end
    when fault in (35, 36, 37) then case when json_size(judged.ts_json) > 65535 then '' else json_serialize(judged.ts_json) end
    when fault in (38, 39) then case when json_size(judged.user_agent_json) > 65535 then '' else json_serialize(judged.user_agent_json) end
    when fault in (40, 41, 42) then case when json_size(judged.user_id_json) > 65535 then '' else json_serialize(judged.user_id_json) end end as json,
          case when fault in (2) then cast(octet_length(cast(judged.artist_json as varchar(65535))) as varchar)
    when fault in (4) then cast(octet_length(cast(judged.auth_json as varchar(65535))) as varchar)
    when fault in (6) then cast(octet_length(cast(judged.first_name_json as varchar(65535))) as varchar)
    when fault in (8) then cast(octet_length(cast(judged.gender_json as varchar(65535))) as varchar)
    when fault in (13) then cast(octet_length(cast(judged.last_name_json as varchar(65535))) as varchar)
    when fault in (20) then cast(octet_length(cast(judged.location_json as varchar(65535))) as varchar)
    when fault in (22) then cast(octet_length(cast(judged.method_json as varchar(65535))) as varchar)
    when fault in (25) then cast(octet_length(cast(judged.page_json as varchar(65535))) as varchar)
    when fault in (32) then cast(octet_length(cast(judged.song_json as varchar(65535))) as varchar)
    when fault in (39) then cast(octet_length(cast(judged.user_agent_json as varchar(65535))) as varchar)
    when fault in (41) then cast(octet_length(cast(judged.user_id_json as varchar(65535))) as varchar) end as bytes
        from read_refused as judged
      ) as found
    ) as shortened
  ) as named
) as told
) as refused;

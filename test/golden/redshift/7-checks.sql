-- What is sent to Amazon Redshift: 7 checks. Of each name and shape, the first.

-- check: songplays key
select count(*) as failures from (select songplay_id, count(*) as found from songplays group by songplay_id having count(*) > 1) as failing;

-- check: songplays not null
select count(*) as failures from (select * from songplays where songplay_id is null or start_time is null or user_id is null or level is null or session_id is null) as failing;

-- check: users not null
select count(*) as failures from (select * from users where user_id is null or level is null) as failing;

-- check: songs not null
select count(*) as failures from (select * from songs where song_id is null or title is null or artist_id is null or duration is null) as failing;

-- check: artists not null
select count(*) as failures from (select * from artists where artist_id is null or name is null) as failing;

-- check: time key
select count(*) as failures from (select start_time, count(*) as found from time group by start_time having count(*) > 1) as failing;

-- check: time not null
select count(*) as failures from (select * from time where start_time is null or hour is null or day is null or week is null or month is null or year is null or weekday is null) as failing;

-- check: staging.events key
select count(*) as failures from (select session_id, item_in_session, count(*) as found from staging.events group by session_id, item_in_session having count(*) > 1) as failing;

-- check: staging.events not null
select count(*) as failures from (select * from staging.events where file_id is null or item_in_session is null or level is null or page is null or session_id is null or ts is null) as failing;

-- check: staging.songs key
select count(*) as failures from (select song_id, count(*) as found from staging.songs group by song_id having count(*) > 1) as failing;

-- check: staging.songs not null
select count(*) as failures from (select * from staging.songs where file_id is null or artist_id is null or artist_name is null or song_id is null or title is null or duration is null) as failing;

-- check: ops.files key
select count(*) as failures from (select kind, path, count(*) as found from ops.files group by kind, path having count(*) > 1) as failing;

-- check: ops.files not null
select count(*) as failures from (select * from ops.files where kind is null or path is null or file_id is null or sha256 is null or bytes is null or lines is null or staged is null or rejected is null or blank is null or duplicate is null or run_id is null or loaded_at is null) as failing;

-- check: ops.runs key
select count(*) as failures from (select run_id, count(*) as found from ops.runs group by run_id having count(*) > 1) as failing;

-- check: ops.runs not null
select count(*) as failures from (select * from ops.runs where run_id is null or command is null or started_at is null or committed_at is null or duration_seconds is null or files_loaded is null or events_staged is null or songs_staged is null or rejected is null or songplays_rows is null or match_on is null or sparkify_version is null or report is null) as failing;

-- check: ops.rejects key
select count(*) as failures from (select reject_id, count(*) as found from ops.rejects group by reject_id having count(*) > 1) as failing;

-- check: ops.rejects not null
select count(*) as failures from (select * from ops.rejects where reject_id is null or file_id is null or kind is null or path is null or line is null or rule is null or reason is null or "raw" is null or run_id is null or rejected_at is null) as failing;

-- check: ops.repeated_events not null
select count(*) as failures from (select * from ops.repeated_events where file_id is null or item_in_session is null or level is null or page is null or session_id is null or ts is null or repeat is null) as failing;

-- check: ops.repeated_songs not null
select count(*) as failures from (select * from ops.repeated_songs where file_id is null or artist_id is null or artist_name is null or song_id is null or title is null or duration is null or repeat is null) as failing;

-- check: ops.song_keys key
select count(*) as failures from (select song_id, spelling, count(*) as found from ops.song_keys group by song_id, spelling having count(*) > 1) as failing;

-- check: ops.song_keys not null
select count(*) as failures from (select * from ops.song_keys where song_id is null or artist_id is null or spelling is null or title is null or artist_name is null or duration is null) as failing;

-- check: ops.user_levels key
select count(*) as failures from (select user_id, valid_from, count(*) as found from ops.user_levels group by user_id, valid_from having count(*) > 1) as failing;

-- check: ops.user_levels not null
select count(*) as failures from (select * from ops.user_levels where user_id is null or level is null or valid_from is null) as failing;

-- check: ops.drift key
select count(*) as failures from (select file_id, change, key, count(*) as found from ops.drift group by file_id, change, key having count(*) > 1) as failing;

-- check: ops.drift not null
select count(*) as failures from (select * from ops.drift where file_id is null or change is null or key is null or records is null) as failing;

-- check: ops.warehouse key
select count(*) as failures from (select layout_version, count(*) as found from ops.warehouse group by layout_version having count(*) > 1) as failing;

-- check: ops.warehouse not null
select count(*) as failures from (select * from ops.warehouse where layout_version is null or created_by is null or next_file_id is null or match_on is null) as failing;

-- check: songplays.start_time reference
select count(*) as failures from (select start_time
            from (select distinct start_time from songplays where start_time is not null) as referring
            where not exists (select 1 from time where time.start_time = referring.start_time)) as failing;

-- check: file-numbers-are-new
select count(*) as failures from (-- The next content must get a number that no content has.
select warehouse.next_file_id, files.file_id, files.path
from ops.warehouse as warehouse
join ops.files as files on files.file_id >= warehouse.next_file_id
) as failing;

-- check: song-keys-follow-the-songs
select count(*) as failures from (-- Every staged song has its own key and, where it has letters beyond ASCII, the two others; no other song has keys.
with wanted as (
    select
        song_id,
        artist_id,
        rtrim(title, ' ') as title,
        rtrim(artist_name, ' ') as artist_name,
        duration,
        case
            when octet_length(title) > length(title) or octet_length(artist_name) > length(artist_name) then 3
            else 1
        end as spellings
    from staging.songs
),
present as (
    select
        wanted.song_id,
        wanted.spellings,
        count(song_key.song_id) as spelled,
        count(
            case
                when song_key.spelling = 'own'
                    and song_key.artist_id = wanted.artist_id
                    and song_key.title = wanted.title
                    and song_key.artist_name = wanted.artist_name
                    and song_key.duration = wanted.duration then 1
            end
        ) as own
    from wanted
    left join ops.song_keys as song_key on song_key.song_id = wanted.song_id
    group by wanted.song_id, wanted.spellings
)
select song_id, spellings, spelled, own
from present
where spelled <> spellings or own <> 1
union all
select song_key.song_id, 0 as spellings, count(*) as spelled, 0 as own
from ops.song_keys as song_key
where not exists (select 1 from staging.songs as song where song.song_id = song_key.song_id)
group by song_key.song_id
) as failing;

-- check: songplays model
select count(*) as failures from (select 'missing' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays) as missing
          union all
          select 'surplus' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built) as surplus) as failing;

-- check: time model
select count(*) as failures from (select 'missing' as fault, start_time, hour, day, week, month, year, weekday
          from (select start_time, hour, day, week, month, year, weekday from (select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from songplays) as play) as built except select start_time, hour, day, week, month, year, weekday from time) as missing
          union all
          select 'surplus' as fault, start_time, hour, day, week, month, year, weekday
          from (select start_time, hour, day, week, month, year, weekday from time except select start_time, hour, day, week, month, year, weekday from (select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from songplays) as play) as built) as surplus) as failing;

-- check: users model
select count(*) as failures from (select 'missing' as fault, user_id, first_name, last_name, gender, level
          from (select user_id, first_name, last_name, gender, level from (with latest_moments as (
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
where age = 1) as built except select user_id, first_name, last_name, gender, level from users) as missing
          union all
          select 'surplus' as fault, user_id, first_name, last_name, gender, level
          from (select user_id, first_name, last_name, gender, level from users except select user_id, first_name, last_name, gender, level from (with latest_moments as (
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
where age = 1) as built) as surplus) as failing;

-- check: ops.user_levels model
select count(*) as failures from (select 'missing' as fault, user_id, level, valid_from, valid_to
          from (select user_id, level, valid_from, valid_to from (with spans as (
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
from changes) as built except select user_id, level, valid_from, valid_to from ops.user_levels) as missing
          union all
          select 'surplus' as fault, user_id, level, valid_from, valid_to
          from (select user_id, level, valid_from, valid_to from ops.user_levels except select user_id, level, valid_from, valid_to from (with spans as (
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
from changes) as built) as surplus) as failing;

-- check: songs model
select count(*) as failures from (select 'missing' as fault, song_id, title, artist_id, year, duration
          from (select song_id, title, artist_id, year, duration from (select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from staging.songs as song) as built except select song_id, title, artist_id, year, duration from songs) as missing
          union all
          select 'surplus' as fault, song_id, title, artist_id, year, duration
          from (select song_id, title, artist_id, year, duration from songs except select song_id, title, artist_id, year, duration from (select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from staging.songs as song) as built) as surplus) as failing;

-- check: artists model
select count(*) as failures from (select 'missing' as fault, artist_id, name, location, latitude, longitude
          from (select artist_id, name, location, latitude, longitude from (with names as (
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
where names.choice = 1) as built except select artist_id, name, location, latitude, longitude from artists) as missing
          union all
          select 'surplus' as fault, artist_id, name, location, latitude, longitude
          from (select artist_id, name, location, latitude, longitude from artists except select artist_id, name, location, latitude, longitude from (with names as (
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
where names.choice = 1) as built) as surplus) as failing;

-- check: drift-is-accounted
select count(*) as failures from (select found.keys, found.records, 3 as keys_written, 3 as records_written
            from (select count(*) as keys, coalesce(sum(records), 0) as records from ops.drift) as found
            where found.keys <> 3 or found.records <> 3) as failing;

-- check: songplays model
select count(*) as failures from (select 'missing' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays) as missing
          union all
          select 'surplus' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built) as surplus) as failing;

-- check: songplays model, failing rows
select * from (select 'missing' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays) as missing
          union all
          select 'surplus' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built) as surplus) as failing limit 5;

-- check: freshness
select count(*) as failures from (select max(ts) as latest_ts from staging.events having max(ts) < 1767222000000 or max(ts) is null) as failing;

-- check: freshness, failing rows
select * from (select max(ts) as latest_ts from staging.events having max(ts) < 1767222000000 or max(ts) is null) as failing limit 5;

-- check: match rate
select count(*) as failures from (select count(*) as plays, count(song_id) as matched from songplays
            having count(song_id) * 100.0 < count(*) * 100) as failing;

-- check: match rate, failing rows
select * from (select count(*) as plays, count(song_id) as matched from songplays
            having count(song_id) * 100.0 < count(*) * 100) as failing limit 5;

-- check: songplays.user_id reference, failing rows
select * from (select user_id
            from (select distinct user_id from songplays where user_id is not null) as referring
            where not exists (select 1 from users where users.user_id = referring.user_id)) as failing limit 5;

-- check: coordinates-are-whole-pairs, failing rows
select * from (-- Half a coordinate is no place.
select artist_id, latitude, longitude
from artists
where (latitude is null and longitude is not null) or (latitude is not null and longitude is null)
) as failing limit 5;

-- check: song-keys-follow-the-songs, failing rows
select * from (-- Every staged song has its own key and, where it has letters beyond ASCII, the two others; no other song has keys.
with wanted as (
    select
        song_id,
        artist_id,
        rtrim(title, ' ') as title,
        rtrim(artist_name, ' ') as artist_name,
        duration,
        case
            when octet_length(title) > length(title) or octet_length(artist_name) > length(artist_name) then 3
            else 1
        end as spellings
    from staging.songs
),
present as (
    select
        wanted.song_id,
        wanted.spellings,
        count(song_key.song_id) as spelled,
        count(
            case
                when song_key.spelling = 'own'
                    and song_key.artist_id = wanted.artist_id
                    and song_key.title = wanted.title
                    and song_key.artist_name = wanted.artist_name
                    and song_key.duration = wanted.duration then 1
            end
        ) as own
    from wanted
    left join ops.song_keys as song_key on song_key.song_id = wanted.song_id
    group by wanted.song_id, wanted.spellings
)
select song_id, spellings, spelled, own
from present
where spelled <> spellings or own <> 1
union all
select song_key.song_id, 0 as spellings, count(*) as spelled, 0 as own
from ops.song_keys as song_key
where not exists (select 1 from staging.songs as song where song.song_id = song_key.song_id)
group by song_key.song_id
) as failing limit 5;

-- check: songplays model, failing rows
select * from (select 'missing' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays) as missing
          union all
          select 'surplus' as fault, songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
          from (select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays except select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from (with ranked_song_keys as (
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
where event.page = 'NextSong') as built) as surplus) as failing limit 5;

-- check: users model, failing rows
select * from (select 'missing' as fault, user_id, first_name, last_name, gender, level
          from (select user_id, first_name, last_name, gender, level from (with latest_moments as (
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
where age = 1) as built except select user_id, first_name, last_name, gender, level from users) as missing
          union all
          select 'surplus' as fault, user_id, first_name, last_name, gender, level
          from (select user_id, first_name, last_name, gender, level from users except select user_id, first_name, last_name, gender, level from (with latest_moments as (
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
where age = 1) as built) as surplus) as failing limit 5;

-- check: artists model, failing rows
select * from (select 'missing' as fault, artist_id, name, location, latitude, longitude
          from (select artist_id, name, location, latitude, longitude from (with names as (
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
where names.choice = 1) as built except select artist_id, name, location, latitude, longitude from artists) as missing
          union all
          select 'surplus' as fault, artist_id, name, location, latitude, longitude
          from (select artist_id, name, location, latitude, longitude from artists except select artist_id, name, location, latitude, longitude from (with names as (
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
where names.choice = 1) as built) as surplus) as failing limit 5;

-- answer key: files
select kind, path, file_id, sha256, lines, staged, rejected from ops.files order by path;

-- answer key: rejects
select file_id, line, rule, field from ops.rejects order by file_id, line;

-- answer key: repeated events
select repeat, session_id, item_in_session, count(*) as events
     from ops.repeated_events group by repeat, session_id, item_in_session;

-- answer key: repeated songs
select count(*) as songs from ops.repeated_songs;

-- answer key: drift
select file_id, change, key, records from ops.drift order by file_id;

-- answer key: rows of songplays
select count(*) as found from songplays;

-- answer key: rows of users
select count(*) as found from users;

-- answer key: rows of songs
select count(*) as found from songs;

-- answer key: rows of artists
select count(*) as found from artists;

-- answer key: rows of time
select count(*) as found from time;

-- answer key: rows of staging.events
select count(*) as found from staging.events;

-- answer key: rows of staging.songs
select count(*) as found from staging.songs;

-- answer key: users at a level
select count(*) as found from users where level = $1;

-- answer key: plays without their user
select count(*) as found from songplays
     where not exists (select 1 from users where users.user_id = songplays.user_id);

-- answer key: sum over users
select sum(((1 + (coalesce(strtol(substring(md5(user_id), 1, 7), 16) % 46337, 0)) % 46337) * ((coalesce(strtol(substring(md5(first_name), 1, 7), 16) % 46337, 0) + 3 * coalesce(strtol(substring(md5(last_name), 1, 7), 16) % 46337, 0) + 5 * coalesce(strtol(substring(md5(gender), 1, 7), 16) % 46337, 0) + case when level = 'paid' then 7 else 0 end) % 46337)) % 46337) as found from users;

-- answer key: sum over songs
select sum(((1 + (coalesce(strtol(substring(md5(song_id), 1, 7), 16) % 46337, 0)) % 46337) * ((coalesce(strtol(substring(md5(title), 1, 7), 16) % 46337, 0) + 3 * coalesce(strtol(substring(md5(artist_id), 1, 7), 16) % 46337, 0) + 5 * coalesce(year, 0) + 7 * coalesce(cast(round((duration + 200) * 100000) as bigint) % 46337, 0)) % 46337)) % 46337) as found from songs;

-- answer key: sum over artists
select sum(((1 + (coalesce(strtol(substring(md5(artist_id), 1, 7), 16) % 46337, 0)) % 46337) * ((coalesce(strtol(substring(md5(name), 1, 7), 16) % 46337, 0) + 3 * coalesce(strtol(substring(md5(location), 1, 7), 16) % 46337, 0) + 5 * coalesce(cast(round((latitude + 200) * 100000) as bigint) % 46337, 0) + 7 * coalesce(cast(round((longitude + 200) * 100000) as bigint) % 46337, 0)) % 46337)) % 46337) as found from artists;

-- answer key: plays by day
select
         cast(cast(start_time as date) as varchar) as date,
         count(*) as plays,
         sum(case when level = 'paid' then 1 else 0 end) as paid,
         count(song_id) as matched,
         count(distinct start_time) as start_times,
         sum(((1 + (session_id % 46337 + 31 * cast(split_part(songplay_id, '-', 2) as bigint)) % 46337) * (((coalesce(strtol(substring(md5(song_id), 1, 7), 16) % 46337, 0) + 3 * coalesce(strtol(substring(md5(artist_id), 1, 7), 16) % 46337, 0)) % 46337
   + (5 * coalesce(strtol(substring(md5(user_id), 1, 7), 16) % 46337, 0) + 7 * coalesce(strtol(substring(md5(location), 1, 7), 16) % 46337, 0) + 11 * coalesce(strtol(substring(md5(user_agent), 1, 7), 16) % 46337, 0)) % 46337
   + case when level = 'paid' then 13 else 0 end
   + (cast(extract(hour from start_time) as bigint) * 3600000 + extract(minute from start_time) * 60000 + extract(second from start_time) * 1000 + extract(ms from start_time)) % 46337) % 46337)) % 46337) as row_sum
     from songplays
     group by cast(start_time as date)
     order by cast(start_time as date);

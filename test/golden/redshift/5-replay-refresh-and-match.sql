-- What is sent to Amazon Redshift, each statement once: 5 replay refresh and match.

select reject_id, file_id, kind, rule, "raw" from ops.rejects order by file_id, line;

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (cast($1 as integer), $2, $3, $4, $5, cast($6 as bigint), $7, cast($8 as double precision), $9, $10, $11, $12, cast($13 as double precision), cast($14 as bigint), $15, cast($16 as bigint), cast($17 as bigint), $18, $19, $20);

delete from ops.rejects where reject_id in ('1:1', '1:2');

update ops.files set staged = staged + 1, rejected = rejected - 1 where file_id = 1;

select match_on from ops.warehouse;

select path, file_id, sha256, bytes, fingerprint, duplicate from ops.files where kind = 'log' and fingerprint in ('1408:"3fe616894429ed7095e553d1ae3105fa"', '298:"59ad55ae572c1755b37d36617b18d0ee"', '293:"7b7b4b63914630c7e021fc49425157ce"', '695:"eedfedbb65e212c6ed21707b68af39b3"', '1396:"618f69b1616634e0eee4055852cd572f"', '704:"b1b26cab6e9a6584c905ea20e1ad0211"', '60:"0ff928121ca2bccb23c24d99a1b41cdb"', '347:"5f60d256d120064251e059b478862963"') order by path;

create temporary table built_songs as select
    song.song_id,
    song.title,
    song.artist_id,
    cast(nullif(song.year, 0) as integer) as year,
    song.duration
from staging.songs as song;

create temporary table standing_songs as select song_id, title, artist_id, year, duration from songs where 1 = 1;

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

create temporary table standing_artists as select artist_id, name, location, latitude, longitude from artists where 1 = 1;

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

create temporary table standing_songplays as select songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent from songplays where 1 = 1;

create temporary table built_time as select
    play.start_time,
    cast(extract(hour from play.start_time) as integer) as hour,
    cast(extract(day from play.start_time) as integer) as day,
    cast(extract(week from play.start_time) as integer) as week,
    cast(extract(month from play.start_time) as integer) as month,
    cast(extract(year from play.start_time) as integer) as year,
    cast(mod(extract(dow from play.start_time) + 6, 7) + 1 as integer) as weekday
from (select distinct start_time from songplays) as play;

create temporary table standing_time as select start_time, hour, day, week, month, year, weekday from time where 1 = 1;

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

create temporary table standing_users as select user_id, first_name, last_name, gender, level from users where 1 = 1;

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

create temporary table standing_user_levels as select user_id, level, valid_from, valid_to from ops.user_levels where 1 = 1;

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

update ops.warehouse set match_on = $1;

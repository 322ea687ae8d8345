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

create table users (
    user_id varchar(64) encode raw not null,
    first_name varchar(256) encode zstd,
    last_name varchar(256) encode zstd,
    gender varchar(16) encode bytedict,
    level varchar(16) encode bytedict not null
)
diststyle all
compound sortkey(user_id);

create table songs (
    song_id varchar(64) encode raw not null,
    title varchar(1024) encode zstd not null,
    artist_id varchar(64) encode zstd not null,
    year integer encode az64,
    duration double precision encode zstd not null
)
diststyle all
compound sortkey(song_id);

create table artists (
    artist_id varchar(64) encode raw not null,
    name varchar(1024) encode zstd not null,
    location varchar(1024) encode zstd,
    latitude double precision encode zstd,
    longitude double precision encode zstd
)
diststyle all
compound sortkey(artist_id);

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

create table ops.user_levels (
    user_id varchar(64) encode raw not null,
    level varchar(16) encode bytedict not null,
    valid_from timestamp encode az64 not null,
    valid_to timestamp encode az64
)
diststyle all
compound sortkey(user_id);

create table ops.drift (
    file_id integer encode raw not null,
    change varchar(16) encode bytedict not null,
    key varchar(1024) encode zstd not null,
    records bigint encode az64 not null
)
diststyle all
compound sortkey(file_id);

create table ops.warehouse (
    layout_version integer encode az64 not null,
    created_by varchar(32) encode zstd not null,
    next_file_id integer encode az64 not null,
    last_run_id varchar(64) encode zstd,
    match_on varchar(64) encode zstd not null
)
diststyle all;


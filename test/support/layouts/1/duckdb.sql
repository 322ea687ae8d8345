create table if not exists songplays (
    songplay_id varchar not null,
    start_time timestamp not null,
    user_id varchar not null,
    level varchar not null,
    song_id varchar,
    artist_id varchar,
    session_id bigint not null,
    location varchar,
    user_agent varchar
);

create table if not exists users (
    user_id varchar not null,
    first_name varchar,
    last_name varchar,
    gender varchar,
    level varchar not null
);

create table if not exists songs (
    song_id varchar not null,
    title varchar not null,
    artist_id varchar not null,
    year integer,
    duration double not null
);

create table if not exists artists (
    artist_id varchar not null,
    name varchar not null,
    location varchar,
    latitude double,
    longitude double
);

create table if not exists time (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday integer not null
);

create table if not exists staging.events (
    file_id integer,
    artist varchar,
    auth varchar,
    first_name varchar,
    gender varchar,
    item_in_session bigint,
    last_name varchar,
    length double,
    level varchar,
    location varchar,
    method varchar,
    page varchar,
    registration double,
    session_id bigint,
    song varchar,
    status bigint,
    ts bigint,
    user_agent varchar,
    user_id varchar,
    extra varchar
);

create table if not exists staging.songs (
    file_id integer,
    num_songs bigint,
    artist_id varchar,
    artist_latitude double,
    artist_longitude double,
    artist_location varchar,
    artist_name varchar,
    song_id varchar,
    title varchar,
    duration double,
    year bigint,
    extra varchar
);

create table if not exists ops.files (
    kind varchar not null,
    path varchar not null,
    file_id integer not null,
    sha256 varchar not null,
    bytes bigint not null,
    fingerprint varchar,
    lines bigint not null,
    staged bigint not null,
    rejected bigint not null,
    blank bigint not null,
    duplicate boolean not null,
    run_id varchar not null,
    loaded_at timestamp not null
);

create table if not exists ops.runs (
    run_id varchar not null,
    command varchar not null,
    started_at timestamp not null,
    committed_at timestamp not null,
    duration_seconds double not null,
    files_loaded integer not null,
    events_staged integer not null,
    songs_staged integer not null,
    rejected integer not null,
    songplays_rows integer not null,
    match_on varchar not null,
    sparkify_version varchar not null,
    report varchar not null
);

create table if not exists ops.rejects (
    reject_id varchar not null,
    file_id integer not null,
    kind varchar not null,
    path varchar not null,
    line bigint not null,
    rule varchar not null,
    field varchar,
    value varchar,
    reason varchar not null,
    "raw" varchar not null,
    run_id varchar not null,
    rejected_at timestamp not null
);

create table if not exists ops.repeated_events (
    file_id integer not null,
    artist varchar,
    auth varchar,
    first_name varchar,
    gender varchar,
    item_in_session bigint not null,
    last_name varchar,
    length double,
    level varchar not null,
    location varchar,
    method varchar,
    page varchar not null,
    registration double,
    session_id bigint not null,
    song varchar,
    status bigint,
    ts bigint not null,
    user_agent varchar,
    user_id varchar,
    extra varchar,
    repeat varchar not null
);

create table if not exists ops.repeated_songs (
    file_id integer not null,
    num_songs bigint,
    artist_id varchar not null,
    artist_latitude double,
    artist_longitude double,
    artist_location varchar,
    artist_name varchar not null,
    song_id varchar not null,
    title varchar not null,
    duration double not null,
    year bigint,
    extra varchar,
    repeat varchar not null
);

create table if not exists ops.song_keys (
    song_id varchar not null,
    artist_id varchar not null,
    spelling varchar not null,
    title varchar not null,
    artist_name varchar not null,
    duration double not null
);

create table if not exists ops.user_levels (
    user_id varchar not null,
    level varchar not null,
    valid_from timestamp not null,
    valid_to timestamp
);

create table if not exists ops.drift (
    file_id integer not null,
    change varchar not null,
    key varchar not null,
    records bigint not null
);

create table if not exists ops.warehouse (
    layout_version integer not null,
    created_by varchar not null,
    next_file_id integer not null,
    match_on varchar not null
);


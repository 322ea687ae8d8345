create table songplays (
    songplay_id text collate "C" not null,
    start_time timestamp not null,
    user_id text collate "C" not null,
    level text collate "C" not null,
    song_id text collate "C",
    artist_id text collate "C",
    session_id bigint not null,
    location text collate "C",
    user_agent text collate "C"
);

create table users (
    user_id text collate "C" not null,
    first_name text collate "C",
    last_name text collate "C",
    gender text collate "C",
    level text collate "C" not null
);

create table songs (
    song_id text collate "C" not null,
    title text collate "C" not null,
    artist_id text collate "C" not null,
    year integer,
    duration double precision not null
);

create table artists (
    artist_id text collate "C" not null,
    name text collate "C" not null,
    location text collate "C",
    latitude double precision,
    longitude double precision
);

create table time (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday integer not null
);

create table staging.events (
    file_id integer,
    artist text collate "C",
    auth text collate "C",
    first_name text collate "C",
    gender text collate "C",
    item_in_session bigint,
    last_name text collate "C",
    length double precision,
    level text collate "C",
    location text collate "C",
    method text collate "C",
    page text collate "C",
    registration double precision,
    session_id bigint,
    song text collate "C",
    status bigint,
    ts bigint,
    user_agent text collate "C",
    user_id text collate "C",
    extra text collate "C"
);

create table staging.songs (
    file_id integer,
    num_songs bigint,
    artist_id text collate "C",
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location text collate "C",
    artist_name text collate "C",
    song_id text collate "C",
    title text collate "C",
    duration double precision,
    year bigint,
    extra text collate "C"
);

create table ops.files (
    kind text collate "C" not null,
    path text collate "C" not null,
    file_id integer not null,
    sha256 text collate "C" not null,
    bytes bigint not null,
    fingerprint text collate "C",
    lines bigint not null,
    staged bigint not null,
    rejected bigint not null,
    blank bigint not null,
    duplicate boolean not null,
    run_id text collate "C" not null,
    loaded_at timestamp not null
);

create table ops.runs (
    run_id text collate "C" not null,
    command text collate "C" not null,
    started_at timestamp not null,
    committed_at timestamp not null,
    duration_seconds double precision not null,
    files_loaded integer not null,
    events_staged integer not null,
    songs_staged integer not null,
    rejected integer not null,
    songplays_rows integer not null,
    match_on text collate "C" not null,
    sparkify_version text collate "C" not null,
    report text collate "C" not null
);

create table ops.rejects (
    reject_id text collate "C" not null,
    file_id integer not null,
    kind text collate "C" not null,
    path text collate "C" not null,
    line bigint not null,
    rule text collate "C" not null,
    field text collate "C",
    value text collate "C",
    reason text collate "C" not null,
    "raw" text collate "C" not null,
    run_id text collate "C" not null,
    rejected_at timestamp not null
);

create table ops.repeated_events (
    file_id integer not null,
    artist text collate "C",
    auth text collate "C",
    first_name text collate "C",
    gender text collate "C",
    item_in_session bigint not null,
    last_name text collate "C",
    length double precision,
    level text collate "C" not null,
    location text collate "C",
    method text collate "C",
    page text collate "C" not null,
    registration double precision,
    session_id bigint not null,
    song text collate "C",
    status bigint,
    ts bigint not null,
    user_agent text collate "C",
    user_id text collate "C",
    extra text collate "C",
    repeat text collate "C" not null
);

create table ops.repeated_songs (
    file_id integer not null,
    num_songs bigint,
    artist_id text collate "C" not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location text collate "C",
    artist_name text collate "C" not null,
    song_id text collate "C" not null,
    title text collate "C" not null,
    duration double precision not null,
    year bigint,
    extra text collate "C",
    repeat text collate "C" not null
);

create table ops.song_keys (
    song_id text collate "C" not null,
    artist_id text collate "C" not null,
    spelling text collate "C" not null,
    title text collate "C" not null,
    artist_name text collate "C" not null,
    duration double precision not null
);

create table ops.user_levels (
    user_id text collate "C" not null,
    level text collate "C" not null,
    valid_from timestamp not null,
    valid_to timestamp
);

create table ops.drift (
    file_id integer not null,
    change text collate "C" not null,
    key text collate "C" not null,
    records bigint not null
);

create table ops.warehouse (
    layout_version integer not null,
    created_by text collate "C" not null,
    next_file_id integer not null,
    last_run_id text collate "C",
    match_on text collate "C" not null
);


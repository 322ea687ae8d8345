-- What is sent to Amazon Redshift: 9 tables. Of each name and shape, the first.

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
diststyle auto
compound sortkey(start_time);

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
diststyle even
compound sortkey(start_time);

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
diststyle all
compound sortkey(start_time);

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
diststyle key distkey(song_id)
compound sortkey(start_time);

-- session: settings
set search_path to "analytics";

-- set up: create a schema
create schema if not exists "analytics";

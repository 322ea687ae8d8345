-- What is sent to Amazon Redshift: 4 loads by the client. Of each name and shape, the first.

-- append: staging.songs, many rows
copy staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/songs-1.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/jsonpaths/songs-1.json' manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off;

-- append: how many rows were copied
select pg_last_copy_count() as records;

-- append: ops.rejects, few rows
insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at) values ($1, cast($2 as integer), $3, $4, cast($5 as bigint), $6, $7, $8, $9, $10, $11, cast($12 as timestamp)), ($13, cast($14 as integer), $15, $16, cast($17 as bigint), $18, $19, $20, $21, $22, $23, cast($24 as timestamp)), ($25, cast($26 as integer), $27, $28, cast($29 as bigint), $30, $31, $32, $33, $34, $35, cast($36 as timestamp));

-- append: staging.events, many rows
copy staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) from 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/events-2.manifest' iam_role 'arn:aws:iam::123456789012:role/sparkify-copy' region 'us-east-1' format json 's3://staging/area/sparkify-0123/20260101T000000000Z-0123/jsonpaths/events-2.json' manifest gzip timeformat 'auto' maxerror 1 compupdate off statupdate off;

-- manifest: renew fingerprints
update ops.files set fingerprint = case path when $1 then $2 end
       where kind = 'log' and path in ($1);

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('1-0', timestamp '2018-11-01 21:01:46.796', '7', 'free', 'SOUNDO', 'ARBJORK', 1, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('1-1', timestamp '2018-11-01 21:01:47.796', '7', 'free', 'SOUNRAVEL', 'ARBJORK', 1, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('1-3', timestamp '2018-11-01 21:01:49.796', '7', 'free', 'SOUNDO', 'ARBJORK', 1, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('1-5', timestamp '2018-11-01 21:01:51.796', '7', 'free', 'SOUNDO', 'ARBJORK', 1, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('2-0', timestamp '2018-11-02 23:06:40.000', '8', 'paid', 'SOUNDO', 'ARBJORK', 2, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into songplays (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent) values ('2-1', timestamp '2018-11-02 23:06:41.000', '8', 'free', 'SOUNDO', 'ARBJORK', 2, 'Lansing, MI', '"Mozilla/5.0 (X11; Linux x86_64)"');

insert into users (user_id, first_name, last_name, gender, level) values ('7', 'Ada', 'Byrne', 'F', 'free');

insert into users (user_id, first_name, last_name, gender, level) values ('8', 'Ada', 'Byrne', 'F', 'free');

insert into songs (song_id, title, artist_id, year, duration) values ('SOJOGA', 'Jóga', 'ARBJORK', null, 200.5);

insert into songs (song_id, title, artist_id, year, duration) values ('SOUNDO', 'Undo', 'ARBJORK', 2001, 200.5);

insert into songs (song_id, title, artist_id, year, duration) values ('SOUNRAVEL', 'Unravel', 'ARBJORK', 1997, 200.5);

insert into artists (artist_id, name, location, latitude, longitude) values ('ARBJORK', 'Björk', null, 64.1, -21.9);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-01 21:01:46.796', 21, 1, 44, 11, 2018, 4);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-01 21:01:47.796', 21, 1, 44, 11, 2018, 4);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-01 21:01:49.796', 21, 1, 44, 11, 2018, 4);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-01 21:01:51.796', 21, 1, 44, 11, 2018, 4);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-02 23:06:40.000', 23, 2, 44, 11, 2018, 5);

insert into time (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-02 23:06:41.000', 23, 2, 44, 11, 2018, 5);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (4, 'Björk', 'Logged In', 'Ada', 'F', 0, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Undo', 200, 1541106106796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', null);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (4, 'Björk', 'Logged In', 'Ada', 'F', 3, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Undo', 200, 1541106109796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', '{"Level":"x","weather":"fair"}');

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (4, 'Björk', 'Logged In', 'Ada', 'F', 5, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Undo', 200, 1541106111796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', null);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (5, 'Björk', 'Logged In', 'Ada', 'F', 0, 'Byrne', 200.5, 'paid', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 2, 'Undo', 200, 1541200000000, '"Mozilla/5.0 (X11; Linux x86_64)"', '8', null);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (5, 'Björk', 'Logged In', 'Ada', 'F', 1, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Unravel', 200, 1541106107796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', null);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (5, 'Björk', 'Logged In', 'Ada', 'F', 1, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 2, 'Undo', 200, 1541200001000, '"Mozilla/5.0 (X11; Linux x86_64)"', '8', null);

insert into staging.events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra) values (6, null, 'Logged In', 'Ada', 'F', 0, 'Byrne', null, 'free', 'Lansing, MI', 'GET', 'Home', 1540919166796, 3, null, 200, 1541106106796, '"Mozilla/5.0 (X11; Linux x86_64)"', '', null);

insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) values (1, 1, 'ARBJORK', 64.1, -21.9, '', 'Björk', 'SOUNDO', 'Undo', 200.5, 2001, null);

insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) values (2, 1, 'ARBJORK', null, null, '', 'Björk', 'SOJOGA', 'Jóga', 200.5, 0, '{"mood":"high"}');

insert into staging.songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra) values (8, 1, 'ARBJORK', null, null, '', 'Björk', 'SOUNRAVEL', 'Unravel', 200.5, 1997, null);

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('log', '{folder}/logs/1.json', 4, 'be913f01a7a5800e70cb3fe1f770728f8e5cef5751ac5d9f90b30607bda59691', 1759, null, 5, 4, 1, 0, false, '2026-01-01T00:00:00.000Z-a4c3e9', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('log', '{folder}/logs/2.json', 5, 'da2fd169f657856199d9e54f89a54ca1b3bd624c74489da89c4e9fca34b03c93', 1737, null, 5, 5, 0, 0, false, '2026-01-01T00:00:00.000Z-a4c3e9', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('log', '{folder}/logs/3.json', 6, 'a11f869559719df7b8ed231a5a2a47af5f8f619dd3e5dfc65208f307c77db93d', 334, null, 1, 1, 0, 0, false, '2026-01-01T00:00:00.000Z-a4c3e9', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('log', '{folder}/logs/4.json', 6, 'a11f869559719df7b8ed231a5a2a47af5f8f619dd3e5dfc65208f307c77db93d', 334, null, 1, 1, 0, 0, true, '2026-01-01T00:00:00.000Z-a4c3e9', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', '{folder}/songs/1.json', 1, '2cdf869c488a55b376b12b29fd2ea26dc2db622f1cbf37ff0bd91ee3cc219acd', 192, null, 1, 1, 0, 0, false, '2026-01-01T00:00:00.000Z-c4b5e2', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', '{folder}/songs/2.json', 2, 'f84c2c6e39dca7d9639ac9ffe18f6775f9324625d6480261699d6281b9294e41', 203, null, 1, 1, 0, 0, false, '2026-01-01T00:00:00.000Z-c4b5e2', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', '{folder}/songs/3.json', 7, 'f366a41f3f5be0b80132a78be6802efaab8b9c83930bd6318c18aaa344f055c8', 197, null, 1, 1, 0, 0, false, '2026-01-01T00:00:00.000Z-a9bc3f', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', '{folder}/songs/4.json', 8, '3afd92981d31e42bdab6c9c6c8865738f7afe69ec9bdd8a9939af34329740f26', 197, null, 1, 1, 0, 0, false, '2026-01-01T00:00:00.000Z-a9bc3f', timestamp '2026-01-01 00:00:00.000');

insert into ops.files (kind, path, file_id, sha256, bytes, fingerprint, lines, staged, rejected, blank, duplicate, run_id, loaded_at) values ('song', '{folder}/songs/5.json', 9, 'fb01a3b4f90599ef9e0813f06897d7502da7804353345921780192eb959ee95f', 188, null, 1, 0, 1, 0, false, '2026-01-01T00:00:00.000Z-a9bc3f', timestamp '2026-01-01 00:00:00.000');

insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ('2026-01-01T00:00:00.000Z-5c5dd4', 'rejects replay', timestamp '2026-01-01 00:00:00.000', timestamp '2026-01-01 00:00:00.000', 0, 0, 1, 0, 0, 6, 'title, artist, duration', '0.1.0', '{"accepted":1,"stillRefused":0}');

insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ('2026-01-01T00:00:00.000Z-a4c3e9', 'test', timestamp '2026-01-01 00:00:00.000', timestamp '2026-01-01 00:00:00.000', 0, 3, 9, 0, 2, 5, 'title, artist, duration', '0.1.0', '{"status":"committed","warehouse":"duckdb:{folder}/w.duckdb","runId":"2026-01-01T00:00:00.000Z-a4c3e9","fullRefresh":false,"rematched":false,"files":{"new":2,"changed":1,"unchanged":2,"moved":0,"duplicate":1,"vanished":0,"skipped":0,"named":{"changed":["{folder}/logs/1.json"],"duplicate":[{"path":"{folder}/logs/4.json","of":"{folder}/logs/3.json"}],"vanished":[],"skipped":[]}},"bytes":3830,"events":{"lines":11,"staged":9,"rejected":2,"blank":0},"songs":{"lines":0,"staged":0,"rejected":0,"blank":0},"rejects":[{"rule":"not_accepted","field":"level","records":1,"example":"4:5"},{"rule":"wrong_type","field":"ts","records":1,"example":"4:4"}],"tables":{"songplays":{"rows":5,"inserted":2,"updated":1,"deleted":0},"users":{"rows":2,"inserted":1,"updated":0,"deleted":0},"songs":{"rows":2,"inserted":0,"updated":0,"deleted":0},"artists":{"rows":1,"inserted":0,"updated":0,"deleted":0},"time":{"rows":5,"inserted":2,"updated":0,"deleted":0}},"duplicates":{"events":2,"songs":0},"conflicts":{"events":1,"songs":0},"match":{"plays":5,"matched":4,"rate":0.8,"misses":{"artistUnknown":0,"titleUnknown":1,"durationDiffers":0}},"drift":[{"kind":"log","change":"other case","key":"Level","records":1,"files":1},{"kind":"log","change":"new","key":"weather","records":1,"files":1}],"checks":{"passed":17,"failed":0,"failures":[]},"eventsFrom":"2018-11-01T21:01:46.796Z","eventsTo":"2018-11-02T23:06:41.000Z","durationSeconds":0,"eventsPerSecond":null,"phases":{"plan":0,"stage songs":0,"stage logs":0,"repeats":0,"build":0,"check":0}}');

insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ('2026-01-01T00:00:00.000Z-a9bc3f', 'test', timestamp '2026-01-01 00:00:00.000', timestamp '2026-01-01 00:00:00.000', 0, 3, 0, 2, 1, 5, 'title, artist, duration', '0.1.0', '{"status":"committed","warehouse":"duckdb:{folder}/w.duckdb","runId":"2026-01-01T00:00:00.000Z-a9bc3f","fullRefresh":false,"rematched":false,"files":{"new":3,"changed":0,"unchanged":5,"moved":0,"duplicate":1,"vanished":0,"skipped":0,"named":{"changed":[],"duplicate":[],"vanished":[],"skipped":[]}},"bytes":582,"events":{"lines":0,"staged":0,"rejected":0,"blank":0},"songs":{"lines":3,"staged":2,"rejected":1,"blank":0},"rejects":[{"rule":"out_of_range","field":"year","records":1,"example":"9:1"}],"tables":{"songplays":{"rows":5,"inserted":0,"updated":1,"deleted":0},"users":{"rows":2,"inserted":0,"updated":0,"deleted":0},"songs":{"rows":3,"inserted":1,"updated":0,"deleted":0},"artists":{"rows":1,"inserted":0,"updated":0,"deleted":0},"time":{"rows":5,"inserted":0,"updated":0,"deleted":0}},"duplicates":{"events":0,"songs":0},"conflicts":{"events":0,"songs":1},"match":{"plays":5,"matched":5,"rate":1,"misses":{"artistUnknown":0,"titleUnknown":0,"durationDiffers":0}},"drift":[],"checks":{"passed":17,"failed":0,"failures":[]},"eventsFrom":"2018-11-01T21:01:46.796Z","eventsTo":"2018-11-02T23:06:41.000Z","durationSeconds":0,"eventsPerSecond":null,"phases":{"plan":0,"stage songs":0,"stage logs":0,"repeats":0,"build":0,"check":0}}');

insert into ops.runs (run_id, command, started_at, committed_at, duration_seconds, files_loaded, events_staged, songs_staged, rejected, songplays_rows, match_on, sparkify_version, report) values ('2026-01-01T00:00:00.000Z-c4b5e2', 'test', timestamp '2026-01-01 00:00:00.000', timestamp '2026-01-01 00:00:00.000', 0, 3, 4, 2, 2, 3, 'title, artist, duration', '0.1.0', '{"status":"committed","warehouse":"duckdb:{folder}/w.duckdb","runId":"2026-01-01T00:00:00.000Z-c4b5e2","fullRefresh":false,"rematched":false,"files":{"new":3,"changed":0,"unchanged":0,"moved":0,"duplicate":0,"vanished":0,"skipped":0,"named":{"changed":[],"duplicate":[],"vanished":[],"skipped":[]}},"bytes":2141,"events":{"lines":7,"staged":4,"rejected":2,"blank":1},"songs":{"lines":2,"staged":2,"rejected":0,"blank":0},"rejects":[{"rule":"malformed_json","field":null,"records":1,"example":"3:4"},{"rule":"wrong_type","field":"ts","records":1,"example":"3:5"}],"tables":{"songplays":{"rows":3,"inserted":3,"updated":0,"deleted":0},"users":{"rows":1,"inserted":1,"updated":0,"deleted":0},"songs":{"rows":2,"inserted":2,"updated":0,"deleted":0},"artists":{"rows":1,"inserted":1,"updated":0,"deleted":0},"time":{"rows":3,"inserted":3,"updated":0,"deleted":0}},"duplicates":{"events":0,"songs":0},"conflicts":{"events":0,"songs":0},"match":{"plays":3,"matched":2,"rate":0.6666666666666666,"misses":{"artistUnknown":0,"titleUnknown":1,"durationDiffers":0}},"drift":[{"kind":"song","change":"new","key":"mood","records":1,"files":1},{"kind":"log","change":"new","key":"weather","records":1,"files":1}],"checks":{"passed":15,"failed":0,"failures":[]},"eventsFrom":"2018-11-01T21:01:46.796Z","eventsTo":"2018-11-01T21:01:56.796Z","durationSeconds":0,"eventsPerSecond":null,"phases":{"plan":0,"stage songs":0,"stage logs":0,"repeats":0,"build":0,"check":0}}');

insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at) values ('4:4', 4, 'log', '{folder}/logs/1.json', 4, 'wrong_type', 'ts', '"soon"', 'ts is the text "soon", not a whole number', '{"artist":"Björk","auth":"Logged In","firstName":"Ada","gender":"F","itemInSession":2,"lastName":"Byrne","length":200.5,"level":"free","location":"Lansing, MI","method":"PUT","page":"NextSong","registration":1540919166796,"sessionId":1,"song":"Undo","status":200,"ts":"soon","userAgent":"\"Mozilla/5.0 (X11; Linux x86_64)\"","userId":"7"}', '2026-01-01T00:00:00.000Z-a4c3e9', timestamp '2026-01-01 00:00:00.000');

insert into ops.rejects (reject_id, file_id, kind, path, line, rule, field, value, reason, "raw", run_id, rejected_at) values ('9:1', 9, 'song', '{folder}/songs/5.json', 1, 'out_of_range', 'year', '-1', 'year is -1, outside 0 to 9999', '{"num_songs":1,"artist_id":"ARBJORK","artist_latitude":null,"artist_longitude":null,"artist_location":"","artist_name":"Björk","song_id":"SOBAD","title":"Undo","duration":200.5,"year":-1}', '2026-01-01T00:00:00.000Z-a9bc3f', timestamp '2026-01-01 00:00:00.000');

insert into ops.repeated_events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat) values (4, 'Björk', 'Logged In', 'Ada', 'F', 1, 'Byrne', 200.5, 'paid', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Unravel', 200, 1541106107796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', null, 'conflict');

insert into ops.repeated_events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat) values (5, 'Björk', 'Logged In', 'Ada', 'F', 0, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 1, 'Undo', 200, 1541106106796, '"Mozilla/5.0 (X11; Linux x86_64)"', '7', null, 'duplicate');

insert into ops.repeated_events (file_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id, extra, repeat) values (5, 'Björk', 'Logged In', 'Ada', 'F', 1, 'Byrne', 200.5, 'free', 'Lansing, MI', 'PUT', 'NextSong', 1540919166796, 2, 'Undo', 200, 1541200001000, '"Mozilla/5.0 (X11; Linux x86_64)"', '8', null, 'duplicate');

insert into ops.repeated_songs (file_id, num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, extra, repeat) values (7, 1, 'ARBJORK', null, null, '', 'Björk', 'SOUNRAVEL', 'Unravel', 200.5, 2001, null, 'conflict');

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOJOGA', 'ARBJORK', 'encoded thrice', 'JÃÂ³ga', 'BjÃÂ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOJOGA', 'ARBJORK', 'encoded twice', 'JÃ³ga', 'BjÃ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOJOGA', 'ARBJORK', 'own', 'Jóga', 'Björk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNDO', 'ARBJORK', 'encoded thrice', 'Undo', 'BjÃÂ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNDO', 'ARBJORK', 'encoded twice', 'Undo', 'BjÃ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNDO', 'ARBJORK', 'own', 'Undo', 'Björk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNRAVEL', 'ARBJORK', 'encoded thrice', 'Unravel', 'BjÃÂ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNRAVEL', 'ARBJORK', 'encoded twice', 'Unravel', 'BjÃ¶rk', 200.5);

insert into ops.song_keys (song_id, artist_id, spelling, title, artist_name, duration) values ('SOUNRAVEL', 'ARBJORK', 'own', 'Unravel', 'Björk', 200.5);

insert into ops.user_levels (user_id, level, valid_from, valid_to) values ('7', 'free', timestamp '2018-11-01 21:01:46.796', null);

insert into ops.user_levels (user_id, level, valid_from, valid_to) values ('8', 'free', timestamp '2018-11-02 23:06:41.000', null);

insert into ops.user_levels (user_id, level, valid_from, valid_to) values ('8', 'paid', timestamp '2018-11-02 23:06:40.000', timestamp '2018-11-02 23:06:41.000');

insert into ops.drift (file_id, change, key, records) values (2, 'new', 'mood', 1);

insert into ops.drift (file_id, change, key, records) values (4, 'new', 'weather', 1);

insert into ops.drift (file_id, change, key, records) values (4, 'other case', 'Level', 1);

insert into ops.warehouse (layout_version, created_by, next_file_id, last_run_id, match_on) values (2, '0.1.0', 10, '2026-01-01T00:00:00.000Z-5c5dd4', 'title, artist, duration');


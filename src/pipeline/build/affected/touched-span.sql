-- How many titles and artists were touched, and the span of the touched events.
select
    (select count(*) from touched_keys) as songs,
    (select min(ts) from touched_events) as first_ts,
    (select max(ts) from touched_events) as last_ts

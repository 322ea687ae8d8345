import { loadTablesSql } from '../copy/load-tables.ts';
import { functionsSql } from './functions.sql.ts';

/** What the cluster is like. */
export interface ClusterFacts {
  readonly isolation: 'snapshot' | 'serializable';
  readonly slices: number;
  readonly serverless: boolean;
}

/** Everything of the double's own that stands in its database. */
export function catalogSql(facts: ClusterFacts): string {
  return [
    tables,
    loadTablesSql,
    functionsSql(),
    procedures,
    system,
    tableInfo(facts),
    views(facts),
    loads,
  ].join('\n');
}

const tables = `
create schema redshift_double;
create table redshift_double.versions (id oid primary key, writes bigint);
create table redshift_double.logins (name text primary key, id integer generated always as identity (start with 100));
create table redshift_double.denied (kind text, privilege text);
create table redshift_double.sessions (pid integer primary key, login text, started timestamp);`;

const procedures = `
-- What Redshift keeps of a table is a comment on the type of its rows: it comes and goes with the table, and
-- reading it is no read of a table that another transaction writes, as serializable isolation would take it.
create function redshift_double.noted(regclass) returns jsonb language sql stable as $$
  select coalesce((select obj_description(reltype, 'pg_type')::jsonb from pg_class where oid = $1), '{}') $$;
create procedure redshift_double.note(regclass, jsonb) language plpgsql as $$
declare missing text; named text;
begin
  select name into missing from jsonb_array_elements_text(coalesce($2 -> 'sortkeys', '[]') || coalesce($2 -> 'distkey', '[]')) as keys (name)
    where name is not null and not exists (select from pg_attribute where attrelid = $1 and attname = name and attnum > 0 and not attisdropped);
  if missing is not null then
    raise exception using errcode = '42703', message = format('column "%s" named in key does not exist', missing);
  end if;
  select format('%I.%I', nspname, relname) into named from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = $1;
  execute format('comment on type %s is %L', named, $2);
end $$;
create procedure redshift_double.rename_noted(regclass, text, text) language sql as $$
  call redshift_double.note($1, replace(redshift_double.noted($1)::text, to_json($2)::text, to_json($3)::text)::jsonb) $$;
-- A trigger that looks only at values that are too long; PostgreSQL itself counts characters, Redshift bytes.
create procedure redshift_double.keep_widths(regclass) language plpgsql as $$
declare tests text; args text; name text;
begin
  -- What a query computes has no width of its own here.
  for name in select attname from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped
      and (atttypid = 'text'::regtype or (atttypid = 'varchar'::regtype and atttypmod < 0)) loop
    execute format('alter table %s alter column %I type varchar(65535)', $1, name);
  end loop;
  execute format('drop trigger if exists redshift_double_widths on %s', $1);
  select string_agg(format('octet_length(new.%I) > %s', attname, atttypmod - 4)
           || case atttypid when 'bpchar'::regtype then format(' or octet_length(new.%I::text) <> length(new.%I::text)', attname, attname) else '' end, ' or '),
         string_agg(format('%L, %L, %L', attname, atttypmod - 4, atttypid::regtype), ', ')
    into tests, args from pg_attribute
    where attrelid = $1 and attnum > 0 and not attisdropped and atttypid in ('varchar'::regtype, 'bpchar'::regtype) and atttypmod > 0;
  if tests is null then return; end if;
  execute format('create trigger redshift_double_widths before insert or update on %s for each row when (%s)
    execute function redshift_double.fit(%s)', $1, tests, args);
end $$;
create function redshift_double.fit() returns trigger language plpgsql as $$
declare given jsonb := to_jsonb(new); name text; size integer; value text;
begin
  for i in 0 .. tg_nargs / 3 - 1 loop
    name := tg_argv[3 * i]; size := tg_argv[3 * i + 1]; value := given ->> name;
    if tg_argv[3 * i + 2] = 'character' and octet_length(value) <> length(value) then
      raise exception using errcode = 'XX000', message = 'CHAR string contains invalid ASCII character';
    end if;
    if octet_length(value) <= size then continue; end if;
    if octet_length(rtrim(value, ' ')) > size then
      raise exception using errcode = '22001', message = format('value too long for type character varying(%s)', size);
    end if;
    new := jsonb_populate_record(new, jsonb_build_object(name, redshift_double.cut(value, size)));
  end loop;
  return new;
end $$;
create procedure redshift_double.set_not_null(regclass, text) language plpgsql as $$ begin
  execute format('alter table %s alter column %I set not null', $1, $2);
end $$;
-- Whoever writes a table in snapshot isolation writes this row: a second writer with an older snapshot conflicts.
create procedure redshift_double.write(regclass) language plpgsql as $$ begin
  if (select relpersistence from pg_class where oid = $1) = 't' then return; end if;
  insert into redshift_double.versions values ($1, 1) on conflict (id) do update set writes = versions.writes + 1;
end $$;
create procedure redshift_double.must_be_table(regclass) language plpgsql as $$ begin
  if (select relkind from pg_class where oid = $1) <> 'r' then
    raise exception using errcode = '42809', message = format('"%s" is not a table', $1);
  end if;
end $$;
create function redshift_double.add_login(text) returns void language sql as $$
  insert into redshift_double.logins (name) values ($1) on conflict do nothing $$;`;

/** `has_…_privilege([user,] object, privilege)`: everything is allowed that the double was not told to deny. */
const privilegeSql = (kind: string): string => {
  const type = { table: 'regclass', schema: 'regnamespace' }[kind];
  const exists = (object: string) =>
    type === undefined ? `${object} = current_database()` : `${object}::${type} is not null`;
  const answer = (object: string, privilege: string) => `select case when ${exists(object)} then not exists
    (select from redshift_double.denied where kind = '${kind}' and lower(${privilege}) in (denied.privilege, denied.privilege || 'orary')) end`;
  const made = `create function redshift_double.has_${kind}_privilege`;
  return `
${made}(text, text) returns boolean language sql stable as $$ ${answer('$1', '$2')} $$;
${made}(text, text, text) returns boolean language sql stable as $$ ${answer('$2', '$3')} $$;`;
};

const system = `
create function redshift_double.login() returns text language sql stable as $$
  select pg_catalog.current_setting('redshift_double.login') $$;
create function redshift_double.login_id() returns integer language sql stable as $$
  select id from redshift_double.logins where name = redshift_double.login() $$;
create function redshift_double.version() returns text language sql immutable as $$
  select 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0'::text $$;
create function redshift_double.kept(text, bigint) returns bigint language sql stable as $$
  select coalesce(nullif(pg_catalog.current_setting('redshift_double.' || $1, true), '')::bigint, $2) $$;
create function redshift_double.pg_last_copy_count() returns bigint language sql stable as $$ select redshift_double.kept('last_copy_count', 0) $$;
create function redshift_double.pg_last_copy_id() returns bigint language sql stable as $$ select redshift_double.kept('last_copy_id', -1) $$;
create function redshift_double.pg_last_query_id() returns bigint language sql stable as $$ select redshift_double.kept('last_query_id', -1) $$;
create function redshift_double.pg_last_unload_count() returns bigint language sql stable as $$ select redshift_double.kept('last_unload_count', 0) $$;
create function redshift_double.current_setting(text) returns text language sql stable as $$ select pg_catalog.current_setting($1) $$;
create function redshift_double.pg_get_userbyid(integer) returns text language sql stable as $$ select name from redshift_double.logins where id = $1 $$;
${['table', 'schema', 'database'].map(privilegeSql).join('')}`;

const userTables = `relkind = 'r' and nspname not in ('redshift_double', 'pg_catalog', 'information_schema') and nspname not like 'pg_temp%' and nspname not like 'pg_toast%'`;

const tableInfo = ({ slices }: ClusterFacts): string => `
create function redshift_double.row_count(oid) returns bigint language plpgsql stable as $$ declare n bigint; begin
  execute format('select count(*) from %s', $1::regclass) into n;
  return n;
end $$;
-- The fullest slice against the emptiest: equal keys lie on one slice, and so do NULLs.
create function redshift_double.skew(oid, text) returns numeric language plpgsql stable as $$ declare skew numeric; begin
  if $2 is null then return 1.00; end if;
  execute format('with placed as (select coalesce(abs(hashtext(%I::text)::bigint) %% ${slices}, 0) as slice from %s),
    filled as (select count(placed.slice) as n from generate_series(0, ${slices - 1}) as slices (slice) left join placed using (slice) group by slices.slice)
    select round(max(n)::numeric / greatest(min(n), 1), 2) from filled', $2, $1::regclass) into skew;
  return skew;
end $$;
create view redshift_double.svv_table_info as
select current_database()::text as database, nspname::text as schema, relation.oid::integer as table_id, relname::text as "table",
  case when noted -> 'encodings' <> '{}' then 'Y' else 'Y, AUTO(ENCODE)' end as encoded,
  case noted ->> 'diststyle' when 'key' then 'KEY(' || (noted ->> 'distkey') || ')' when 'all' then 'ALL' when 'even' then 'EVEN'
    else case when counted.rows < 100000 then 'AUTO(ALL)' else 'AUTO(EVEN)' end end as diststyle,
  case noted ->> 'sortstyle' when 'interleaved' then 'INTERLEAVED' when 'compound' then noted -> 'sortkeys' ->> 0 else 'AUTO(SORTKEY)' end as sortkey1,
  (select max(atttypmod - 4) from pg_attribute where attrelid = relation.oid and attnum > 0 and atttypid = 'varchar'::regtype and not attisdropped) as max_varchar,
  null::char(32) as sortkey1_enc, coalesce(jsonb_array_length(noted -> 'sortkeys'), 0) as sortkey_num,
  greatest(1, pg_relation_size(relation.oid) / 1048576)::bigint as size, 0.01::numeric(10,4) as pct_used, 0::bigint as empty,
  case when noted -> 'sortkeys' <> '[]' then 0::numeric(5,2) end as unsorted, 0::numeric(5,2) as stats_off, counted.rows::numeric(38,0) as tbl_rows,
  case when noted -> 'sortkeys' <> '[]' then 1.00::numeric(19,2) end as skew_sortkey1,
  case when noted ->> 'diststyle' in ('key', 'even') then redshift_double.skew(relation.oid, noted ->> 'distkey')::numeric(19,2) end as skew_rows,
  counted.rows::numeric(38,0) as estimated_visible_rows, null::text as risk_event, null::numeric(12,2) as vacuum_sort_benefit
from pg_class as relation join pg_namespace as namespace on namespace.oid = relnamespace
  cross join lateral (select redshift_double.noted(relation.oid) as noted) as notes
  cross join lateral (select redshift_double.row_count(relation.oid) as rows) as counted
where ${userTables} and counted.rows > 0;
create view redshift_double.pg_table_def as
select nspname as schemaname, relname as tablename, attname as "column",
  replace(format_type(atttypid, atttypmod), 'jsonb', 'super') as type,
  coalesce(noted -> 'encodings' ->> attname,
    case when relpersistence = 't' or at > 0 or atttypid in ('bool'::regtype, 'float4'::regtype, 'float8'::regtype) then 'none'
      when atttypid in ('varchar'::regtype, 'bpchar'::regtype) then 'lzo' when atttypid = 'jsonb'::regtype then 'zstd' else 'az64' end)::char(32) as encoding,
  attname is not distinct from noted ->> 'distkey' as distkey,
  at * case when noted ->> 'sortstyle' = 'interleaved' and at % 2 = 0 then -1 else 1 end as sortkey,
  attnotnull as notnull
from pg_class as relation join pg_namespace as namespace on namespace.oid = relnamespace
  join pg_attribute on attrelid = relation.oid and attnum > 0 and not attisdropped
  cross join lateral (select redshift_double.noted(relation.oid) as noted) as notes
  cross join lateral (select coalesce(max(position), 0)::integer as at
    from jsonb_array_elements_text(coalesce(noted -> 'sortkeys', '[]')) with ordinality as keys (name, position) where name = attname) as sorted
where relkind = 'r' and nspname <> 'redshift_double' and nspname = any (current_schemas(true));`;

const views = ({ isolation, slices, serverless }: ClusterFacts): string => `
create view redshift_double.stv_db_isolation_level as
  select current_database()::text as db_name, '${isolation === 'snapshot' ? 'Snapshot Isolation' : 'Serializable'}'::text as isolation_level;
${
  serverless
    ? ''
    : `create view redshift_double.stv_slices as select slice / 2 as node, slice, slice % 2 as localslice, 'D'::char(1) as type
  from generate_series(0, ${slices - 1}) as slices (slice);`
}
create view redshift_double.pg_user as select name as usename, id as usesysid, true as usecreatedb, true as usesuper,
  false as usecatupd, '********'::text as passwd, null::timestamp as valuntil, null::text as useconfig from redshift_double.logins;
create view redshift_double.stv_sessions as select started as starttime, pid as process, login::char(50) as user_name,
  current_database()::char(50) as db_name, 0 as timeout_sec from redshift_double.sessions;
create view redshift_double.svv_transactions as
select login as txn_owner, current_database()::text as txn_db, coalesce(activity.backend_xid, activity.backend_xmin)::text::bigint as xid,
  locks.pid, activity.xact_start at time zone 'UTC' as txn_start, locks.mode as lock_mode,
  case when locks.relation is null then 'transactionid' else 'relation' end as lockable_object_type,
  locks.relation::integer as relation, locks.granted
from pg_locks as locks join pg_stat_activity as activity using (pid) join redshift_double.sessions using (pid)
where locks.locktype in ('relation', 'transactionid') and coalesce(locks.relation, 0) not in
  (select oid from pg_class where relnamespace in ('redshift_double'::regnamespace, 'pg_catalog'::regnamespace));
create view redshift_double.information_schema_tables as select * from information_schema.tables where table_schema <> 'redshift_double';
create view redshift_double.information_schema_views as select * from information_schema.views where table_schema <> 'redshift_double';
create view redshift_double.information_schema_schemata as select * from information_schema.schemata where schema_name <> 'redshift_double';
create view redshift_double.information_schema_columns as
select table_catalog, table_schema, table_name, column_name, ordinal_position, column_default, is_nullable,
  case data_type when 'jsonb' then 'super' else data_type end as data_type, character_maximum_length,
  numeric_precision, numeric_scale, datetime_precision
from information_schema.columns where table_schema <> 'redshift_double';`;

const loads = `
create view redshift_double.sys_load_error_detail as select * from redshift_double.load_error_detail;
create view redshift_double.sys_load_history as select * from redshift_double.load_history;
create view redshift_double.sys_load_detail as select * from redshift_double.load_detail;`;

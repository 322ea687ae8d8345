/** The functions of the guide that PostgreSQL lacks or gives another meaning. */
export function functionsSql(): string {
  return [conversions(), text, numbers, dates, json].join('\n');
}

const schema = 'redshift_double';
const numeric = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];
const when = ['date', 'timestamp', 'timestamptz'];

/** `to_bigint(x)` and its like, for every type that can be cast; of SUPER they give NULL where the value does not fit. */
function conversions(): string {
  const whole = (low: string, high: string, to: string) => `case when jsonb_typeof($1) = 'number'
    and ($1 #>> '{}')::numeric = trunc(($1 #>> '{}')::numeric) and ($1 #>> '{}')::numeric between ${low} and ${high}
    then ($1 #>> '{}')::numeric::${to} end`;
  const number = (to: string) => `case when jsonb_typeof($1) = 'number' then ($1 #>> '{}')::${to} end`;
  const of: Readonly<Record<string, readonly [to: string, from: readonly string[], jsonb: string]>> = {
    to_smallint: ['smallint', ['text', ...numeric], whole('-32768', '32767', 'smallint')],
    to_integer: ['integer', ['text', ...numeric], whole('-2147483648', '2147483647', 'integer')],
    to_bigint: [
      'bigint',
      ['text', ...numeric],
      whole('-9223372036854775808', '9223372036854775807', 'bigint'),
    ],
    to_decimal: ['numeric', ['text', ...numeric], number('numeric')],
    to_real: ['real', ['text', ...numeric], number('real')],
    to_double: ['double precision', ['text', ...numeric], number('double precision')],
    to_boolean: [
      'boolean',
      ['text', 'boolean', 'integer'],
      `case when jsonb_typeof($1) = 'boolean' then ($1 #>> '{}')::boolean end`,
    ],
    to_date: ['date', ['text', ...when], `${schema}.lax_timestamp($1)::date`],
    to_timestamp: ['timestamp', ['text', ...when], `${schema}.lax_timestamp($1)`],
    to_timestamptz: ['timestamptz', ['text', ...when], `${schema}.lax_timestamp($1)::timestamptz`],
  };
  const lines: string[] = [lax];
  for (const [name, [to, from, jsonb]] of Object.entries(of)) {
    for (const type of from) lines.push(inline(name, type, to, `$1::${to}`));
    if (to !== 'boolean' && numeric.includes(to))
      lines.push(inline(name, 'boolean', to, `$1::integer::${to}`));
    lines.push(inline(name, 'jsonb', to, jsonb));
  }
  const cut = `case when octet_length($1) <= $2 then $1 else ${schema}.cut($1, $2) end`;
  lines.push(inline('to_varchar', 'text, integer', 'text', cut));
  for (const type of [...numeric, ...when, 'time'])
    lines.push(inline('to_varchar', `${type}, integer`, 'text', cut.replaceAll('$1', '$1::text')));
  lines.push(
    inline(
      'to_varchar',
      'jsonb, integer',
      'text',
      `case when jsonb_typeof($1) in ('string', 'number', 'boolean') then ${schema}.to_varchar($1 #>> '{}', $2) end`,
    ),
  );
  return lines.join('\n');
}

const inline = (name: string, args: string, to: string, sql: string): string =>
  `create function ${schema}.${name}(${args}) returns ${to} language sql stable as $$ select ${sql} $$;`;

const lax = `
create function redshift_double.lax_timestamp(jsonb) returns timestamp language plpgsql stable as $$ begin
  if jsonb_typeof($1) <> 'string' then return null; end if;
  return ($1 #>> '{}')::timestamp;
exception when others then return null; end $$;
-- At most so many bytes, and no half character.
create function redshift_double.cut(text, integer) returns text language plpgsql immutable as $$
declare bytes bytea := convert_to($1, 'UTF8'); keep integer := $2;
begin
  while keep > 0 and keep < length(bytes) and (get_byte(bytes, keep) & 192) = 128 loop keep := keep - 1; end loop;
  return convert_from(substring(bytes from 1 for keep), 'UTF8');
end $$;
create function redshift_double.to_varchar(boolean, integer) returns text language plpgsql as $$ begin
  raise exception using errcode = '42846', message = 'cannot cast type boolean to character varying';
end $$;`;

const text = `
create function redshift_double.concat(text, text) returns text language sql immutable as $$ select $1 || $2 $$;
create function redshift_double.split_part(text, text, integer) returns text language plpgsql immutable strict as $$ begin
  if $3 < 1 then raise exception using errcode = '22023', message = 'field position must be greater than zero'; end if;
  return pg_catalog.split_part($1, $2, $3);
end $$;
create function redshift_double.strtol(text, integer) returns bigint language plpgsql immutable strict as $$
declare digits text := lower(btrim($1)); negative boolean := false; result numeric := 0; digit integer;
begin
  if $2 < 2 or $2 > 36 then raise exception using errcode = '22023', message = 'invalid base'; end if;
  if digits like '-%' then negative := true; digits := substr(digits, 2); end if;
  if $2 = 16 and digits like '0x%' then digits := substr(digits, 3); end if;
  for i in 1 .. length(digits) loop
    digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', substr(digits, i, 1)) - 1;
    if digit < 0 or digit >= $2 then
      raise exception using errcode = '22023', message = format('The input %s is not valid to be converted to base %s', $1, $2);
    end if;
    result := result * $2 + digit;
  end loop;
  return case when negative then -result else result end::bigint;
end $$;
create function redshift_double.sha2(text, integer) returns text language sql immutable strict as $$
  select encode(case $2 when 0 then sha256(convert_to($1, 'UTF8')) when 224 then sha224(convert_to($1, 'UTF8'))
    when 256 then sha256(convert_to($1, 'UTF8')) when 384 then sha384(convert_to($1, 'UTF8'))
    when 512 then sha512(convert_to($1, 'UTF8')) end, 'hex') $$;
create function redshift_double.regex_flags(text) returns text language plpgsql immutable as $$ begin
  if $1 not in ('c', 'i') then
    raise exception using errcode = '0A000', message = 'not emulated: parameters of a regular expression other than c and i';
  end if;
  return $1;
end $$;
create function redshift_double.regexp_count(text, text, integer default 1, text default 'c') returns integer language sql immutable as $$
  select pg_catalog.regexp_count($1, $2, $3, redshift_double.regex_flags($4)) $$;
create function redshift_double.regexp_instr(text, text, integer default 1) returns integer language sql immutable as $$
  select pg_catalog.regexp_instr($1, $2, $3) $$;
create function redshift_double.regexp_substr(text, text, integer default 1, integer default 1) returns text language sql immutable as $$
  select case when $1 is not null and $2 is not null then coalesce(pg_catalog.regexp_substr($1, $2, $3, $4), '') end $$;
create function redshift_double.regexp_replace(text, text, text default '', integer default 1) returns text language sql immutable as $$
  select pg_catalog.regexp_replace($1, $2, $3, $4, 0) $$;`;

const fnvOf = (type: string, bytes: string) => `
create function redshift_double.fnv_hash(${type}, bigint default -3750763034362895579) returns bigint language sql immutable strict as $$
  select redshift_double.fnv(${bytes}, $2) $$;`;
const littleEndian = (width: number) =>
  `decode(${Array.from({ length: width }, (_, i) => `lpad(to_hex(($1::bigint >> ${8 * i}) & 255), 2, '0')`).join(' || ')}, 'hex')`;

const numbers = `
-- 64-bit FNV-1a on two halves of 32 bits: PostgreSQL's bigint does not wrap around.
create function redshift_double.fnv(bytea, bigint) returns bigint language plpgsql immutable strict as $$
declare mask bigint := 4294967295; high bigint := ($2 >> 32) & mask; low bigint := $2 & mask; product bigint;
begin
  for i in 0 .. length($1) - 1 loop
    low := low # get_byte($1, i);
    product := low * 435;
    high := (high * 435 + (product >> 32) + ((low << 8) & mask)) & mask;
    low := product & mask;
  end loop;
  return (high << 32) | low;
end $$;
${fnvOf('smallint', littleEndian(2))}${fnvOf('integer', littleEndian(4))}${fnvOf('bigint', littleEndian(8))}
${fnvOf('text', "convert_to($1, 'UTF8')")}
-- The average of whole numbers is a whole number.
create function redshift_double.whole_average(bigint[]) returns bigint language sql immutable as $$
  select case when $1[1] > 0 then $1[2] / $1[1] end $$;
create function redshift_double.add_bigint(numeric[], bigint) returns numeric[] language sql immutable strict as $$
  select array[$1[1] + 1, $1[2] + $2] $$;
create function redshift_double.whole_average(numeric[]) returns bigint language sql immutable as $$
  select case when $1[1] > 0 then trunc($1[2] / $1[1])::bigint end $$;
create aggregate redshift_double.avg(smallint) (sfunc = int2_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = redshift_double.whole_average);
create aggregate redshift_double.avg(integer) (sfunc = int4_avg_accum, stype = bigint[], initcond = '{0,0}', finalfunc = redshift_double.whole_average);
create aggregate redshift_double.avg(bigint) (sfunc = redshift_double.add_bigint, stype = numeric[], initcond = '{0,0}', finalfunc = redshift_double.whole_average);
create aggregate redshift_double.avg(numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg);
create aggregate redshift_double.avg(real) (sfunc = float4_accum, stype = double precision[], initcond = '{0,0,0}', finalfunc = float8_avg);
create aggregate redshift_double.avg(double precision) (sfunc = float8_accum, stype = double precision[], initcond = '{0,0,0}', finalfunc = float8_avg);`;

const dates = `
create function redshift_double.datediff(text, timestamp, timestamp) returns bigint language sql stable strict as $$
  select case $1
    when 'millennium' then extract(millennium from $3) - extract(millennium from $2)
    when 'century' then extract(century from $3) - extract(century from $2)
    when 'decade' then extract(decade from $3) - extract(decade from $2)
    when 'year' then extract(year from $3) - extract(year from $2)
    when 'quarter' then extract(year from $3) * 4 + extract(quarter from $3) - extract(year from $2) * 4 - extract(quarter from $2)
    when 'month' then extract(year from $3) * 12 + extract(month from $3) - extract(year from $2) * 12 - extract(month from $2)
    when 'week' then (date_trunc('week', $3)::date - date_trunc('week', $2)::date) / 7
    when 'day' then $3::date - $2::date
    when 'hour' then floor(extract(epoch from $3) / 3600) - floor(extract(epoch from $2) / 3600)
    when 'minute' then floor(extract(epoch from $3) / 60) - floor(extract(epoch from $2) / 60)
    when 'second' then floor(extract(epoch from $3)) - floor(extract(epoch from $2))
    when 'milliseconds' then floor(extract(epoch from $3) * 1000) - floor(extract(epoch from $2) * 1000)
    when 'microseconds' then extract(epoch from $3) * 1000000 - extract(epoch from $2) * 1000000
  end::bigint $$;
create function redshift_double.datediff(text, timestamptz, timestamptz) returns bigint language sql stable as $$
  select redshift_double.datediff($1, $2 at time zone 'UTC', $3 at time zone 'UTC') $$;
create function redshift_double.datediff(text, date, date) returns bigint language sql stable as $$
  select redshift_double.datediff($1, $2::timestamp, $3::timestamp) $$;
create function redshift_double.datediff(text, time, time) returns bigint language sql stable as $$
  select redshift_double.datediff($1, date '2000-01-01' + $2, date '2000-01-01' + $3) $$;
create function redshift_double.datediff(text, text, text) returns bigint language sql stable as $$
  select redshift_double.datediff($1, $2::timestamp, $3::timestamp) $$;
create function redshift_double.step(text, bigint) returns interval language sql immutable as $$
  select $2 * case $1 when 'quarter' then interval '3 months' when 'week' then interval '7 days'
    when 'milliseconds' then interval '1 millisecond' when 'microseconds' then interval '1 microsecond'
    when 'millennium' then interval '1000 years' when 'century' then interval '100 years' when 'decade' then interval '10 years'
    else ('1 ' || $1)::interval end $$;
create function redshift_double.dateadd(text, bigint, timestamp) returns timestamp language sql stable as $$
  select $3 + redshift_double.step($1, $2) $$;
create function redshift_double.dateadd(text, bigint, date) returns timestamp language sql stable as $$
  select $3::timestamp + redshift_double.step($1, $2) $$;
create function redshift_double.dateadd(text, bigint, timestamptz) returns timestamptz language sql stable as $$
  select $3 + redshift_double.step($1, $2) $$;
create function redshift_double.dateadd(text, bigint, text) returns timestamp language sql stable as $$
  select $3::timestamp + redshift_double.step($1, $2) $$;
create function redshift_double.extract(text, timestamp) returns integer language sql stable strict as $$
  select case $1 when 'milliseconds' then floor(pg_catalog.date_part('milliseconds', $2))::bigint % 1000
    when 'microseconds' then floor(pg_catalog.date_part('microseconds', $2))::bigint % 1000
    when 'decade' then pg_catalog.date_part('decade', $2) + 1
    else floor(pg_catalog.date_part($1, $2)) end::integer $$;
create function redshift_double.extract(text, date) returns integer language sql stable strict as $$
  select redshift_double.extract($1, $2::timestamp) $$;
create function redshift_double.extract(text, time) returns integer language sql stable strict as $$
  select redshift_double.extract($1, date '2000-01-01' + $2) $$;
create function redshift_double.extract(text, timestamptz) returns double precision language sql stable strict as $$
  select pg_catalog.date_part($1, $2) $$;
create function redshift_double.date_part(text, timestamp) returns double precision language sql stable strict as $$
  select case $1 when 'decade' then pg_catalog.date_part($1, $2) + 1 else pg_catalog.date_part($1, $2) end $$;
create function redshift_double.date_part(text, date) returns double precision language sql stable strict as $$
  select redshift_double.date_part($1, $2::timestamp) $$;
create function redshift_double.date_part(text, timestamptz) returns double precision language sql stable strict as $$
  select redshift_double.date_part($1, $2 at time zone current_setting('timezone')) $$;
create function redshift_double.date_part(text, text) returns double precision language sql stable strict as $$
  select redshift_double.date_part($1, $2::timestamp) $$;
create function redshift_double.trunc(timestamp) returns date language sql immutable as $$ select $1::date $$;
create function redshift_double.trunc(numeric) returns numeric language sql immutable as $$ select pg_catalog.trunc($1) $$;
create function redshift_double.trunc(double precision) returns double precision language sql immutable as $$ select pg_catalog.trunc($1) $$;
create function redshift_double.trunc(numeric, integer) returns numeric language sql immutable as $$ select pg_catalog.trunc($1, $2) $$;
create function redshift_double.date_trunc(text, timestamp) returns timestamp language sql stable strict as $$
  select pg_catalog.date_trunc($1, $2) $$;
create function redshift_double.date_trunc(text, date) returns timestamp language sql stable strict as $$
  select pg_catalog.date_trunc($1, $2::timestamp) $$;
create function redshift_double.date_trunc(text, timestamptz) returns timestamptz language sql stable strict as $$
  select pg_catalog.date_trunc($1, $2) $$;
create function redshift_double.date_trunc(text, text) returns timestamp language sql stable strict as $$
  select pg_catalog.date_trunc($1, $2::timestamp) $$;`;

const kindIs = (name: string, test: string) => `
create function redshift_double.${name}(jsonb) returns boolean language sql immutable as $$ select coalesce(${test}, false) $$;`;
const isWhole = (low: string, high: string) =>
  `case when jsonb_typeof($1) = 'number' then ($1 #>> '{}')::numeric = trunc(($1 #>> '{}')::numeric) and ($1 #>> '{}')::numeric between ${low} and ${high} end`;

const json = `
create function redshift_double.json_parse(text) returns jsonb language sql immutable as $$ select $1::jsonb $$;
create function redshift_double.can_json_parse(text) returns boolean language sql immutable as $$ select $1 is json $$;
create function redshift_double.is_valid_json(text) returns boolean language sql immutable as $$ select $1 is json object $$;
create function redshift_double.is_valid_json_array(text) returns boolean language sql immutable as $$ select $1 is json array $$;
-- jsonb writes a blank after every comma and colon; those inside strings stay.
create function redshift_double.json_serialize(jsonb) returns text language sql immutable as $$
  select regexp_replace($1::text, '("(?:[^"\\\\]|\\\\.)*")|([,:]) ', '\\1\\2', 'g') $$;
create function redshift_double.json_size(jsonb) returns integer language sql immutable as $$
  select octet_length(redshift_double.json_serialize($1)) $$;
create function redshift_double.json_typeof(jsonb) returns text language sql immutable as $$ select jsonb_typeof($1) $$;
create function redshift_double.get_array_length(jsonb) returns integer language sql immutable as $$
  select case jsonb_typeof($1) when 'array' then jsonb_array_length($1) end $$;
create function redshift_double.json_extract_path_text(json, variadic text[]) returns text language sql immutable as $$
  select coalesce($1 #>> $2, case when $1 is not null then '' end) $$;
${kindIs('is_array', "jsonb_typeof($1) = 'array'")}${kindIs('is_object', "jsonb_typeof($1) = 'object'")}
${kindIs('is_scalar', "jsonb_typeof($1) in ('string', 'number', 'boolean')")}
${kindIs('is_varchar', "jsonb_typeof($1) = 'string'")}${kindIs('is_char', "jsonb_typeof($1) = 'string'")}
${kindIs('is_boolean', "jsonb_typeof($1) = 'boolean'")}${kindIs('is_decimal', "jsonb_typeof($1) = 'number'")}
${kindIs('is_float', "jsonb_typeof($1) = 'number'")}
${kindIs('is_smallint', isWhole('-32768', '32767'))}${kindIs('is_integer', isWhole('-2147483648', '2147483647'))}
${kindIs('is_bigint', isWhole('-9223372036854775808', '9223372036854775807'))}`;

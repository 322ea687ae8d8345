import { ServerError } from '../copy/copy-session.ts';
import type { Reading } from '../grammar/reading.ts';
import { notEmulated, quoteString } from './cursor.ts';
import { type Plan, plan, runs } from './plan.ts';

/** Parameters that the database behind the double has with the same meaning. */
const passed: Readonly<Record<string, string>> = {
  timezone: 'timezone',
  datestyle: 'datestyle',
  search_path: 'search_path',
  statement_timeout: 'statement_timeout',
  application_name: 'application_name',
  client_encoding: 'client_encoding',
  // -15 to 2; at 2 all digits of a double are written.
  extra_float_digits: 'extra_float_digits',
};
/** Parameters that are kept and shown, with the only values that are emulated (null: any). */
const kept: Readonly<Record<string, readonly [initial: string, allowed: readonly string[] | null]>> = {
  query_group: ['', null],
  wlm_query_slot_count: ['1', null],
  enable_result_cache_for_session: ['on', null],
  enable_case_sensitive_identifier: ['off', null],
  enable_case_sensitive_super_attribute: ['off', null],
  navigate_super_null_on_error: ['on', ['on']],
  cast_super_null_on_error: ['on', ['on']],
  parse_super_null_on_error: ['off', ['off']],
  json_parse_truncate_strings: ['off', ['off']],
  describe_field_name_in_uppercase: ['off', ['off']],
  analyze_threshold_percent: ['10', null],
  idle_session_timeout: ['0', null],
  query_priority: ['normal', null],
  stored_proc_log_min_messages: ['log', null],
  autocommit: ['on', ['on']],
};

/** The settings of a new session. */
export const initialSettings = (): Map<string, string> =>
  new Map(Object.entries(kept).map(([name, [initial]]) => [name, initial]));

/** SET [SESSION] name { TO | = } value */
export function readSet({ cursor }: Reading): Plan {
  cursor.expect('set');
  if (cursor.is('local')) notEmulated('SET LOCAL');
  cursor.take('session');
  if (cursor.isOne('authorization', 'characteristics'))
    notEmulated('SET SESSION AUTHORIZATION and CHARACTERISTICS');
  if (cursor.take('time', 'zone')) return setPassed('timezone', [cursor.next().value]);
  const name = cursor.next().value;
  if (cursor.takeOne('to', '=') === null) cursor.fail();
  const values = cursor.list(() => {
    const sign = cursor.take('-') ? '-' : '';
    return sign + cursor.next().value;
  });
  if (name === 'extra_float_digits' && Number(values[0]) > 2)
    throw new ServerError(
      '22023',
      `${values[0]} is outside the valid range for parameter "extra_float_digits" (-15 .. 2)`,
    );
  if (passed[name] !== undefined) return setPassed(passed[name], values);
  const known = kept[name];
  if (known === undefined) return notEmulated(`the parameter ${name}`);
  const value = booleans[values[0] ?? ''] ?? values.join(', ');
  const [initial, allowed] = known;
  const stands = value === 'default' ? initial : value;
  if (allowed !== null && !allowed.includes(stands)) notEmulated(`${name} set to ${stands}`);
  return runs('SET', async (work) => work.remember(name, stands));
}

const booleans: Readonly<Record<string, string>> = { true: 'on', false: 'off', on: 'on', off: 'off' };

function setPassed(name: string, values: readonly string[]): Plan {
  const isDefault = values.length === 1 && values[0] === 'default';
  const value = isDefault ? 'default' : values.map(quoteString).join(', ');
  return plan('set', { tag: 'SET', sql: `set ${name} to ${value}` });
}

/** RESET name */
export function readReset({ cursor }: Reading): Plan {
  cursor.expect('reset');
  if (cursor.is('all')) notEmulated('RESET ALL');
  const name = cursor.next().value;
  if (passed[name] !== undefined) return plan('set', { tag: 'RESET', sql: `reset ${passed[name]}` });
  const known = kept[name];
  if (known === undefined) return notEmulated(`the parameter ${name}`);
  return runs('RESET', async (work) => work.remember(name, known[0]));
}

/** SHOW name */
export function readShow({ cursor }: Reading, settings: ReadonlyMap<string, string>): Plan {
  cursor.expect('show');
  if (cursor.isOne('all', 'table', 'view', 'schemas', 'tables', 'columns', 'databases'))
    notEmulated(`SHOW ${cursor.next().value.toUpperCase()}`);
  const name = cursor.next().value;
  const value = name === 'server_version' ? '8.0.2' : settings.get(name);
  if (value !== undefined)
    return plan('rows', { sql: `select ${quoteString(value)}::text as "${name}"`, tag: 'SHOW' });
  const to = passed[name];
  if (to === undefined) return notEmulated(`the parameter ${name}`);
  const shown =
    to === 'statement_timeout'
      ? "(extract(epoch from current_setting('statement_timeout')::interval) * 1000)::bigint"
      : `current_setting('${to}')`;
  return plan('rows', { sql: `select ${shown}::text as "${name}"`, tag: 'SHOW' });
}

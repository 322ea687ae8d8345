/** A value that cannot be; the message names the setting, the value and what would do. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** The value that a setting was given, as text; undefined where it was not. */
export type Get = (name: string) => string | undefined;

function wrong(name: string, value: string, wanted: string): SettingError {
  return new SettingError(`${name} is "${value}": it must be ${wanted}.`);
}

export function optional(get: Get, name: string, pattern: RegExp, wanted: string): string | null {
  const value = get(name);
  if (value === undefined) return null;
  if (!pattern.test(value)) throw wrong(name, value, wanted);
  return value;
}

/** Three at least, since Redshift Serverless wants subnets in three zones. */
export function list(get: Get, name: string, pattern: RegExp, wanted: string): readonly string[] | null {
  const value = get(name);
  if (value === undefined) return null;
  const parts = value.split(',').map((part) => part.trim());
  if (parts.length < 3 || !parts.every((part) => pattern.test(part)))
    throw wrong(name, value, `three or more ${wanted}, with commas between`);
  return parts;
}

export function whole(get: Get, name: string, fallback: number, least: number, most: number): number {
  const value = get(name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw wrong(name, value, `a whole number from ${least} to ${most}`);
  return number;
}

export function rpu(get: Get, name: string, fallback: number): number {
  const number = whole(get, name, fallback, 8, 1024);
  if (number % 8 !== 0) throw wrong(name, String(number), 'a multiple of 8');
  return number;
}

export function yesOrNo(get: Get, name: string, fallback: boolean): boolean {
  const value = get(name);
  if (value === undefined) return fallback;
  if (value !== 'true' && value !== 'false') throw wrong(name, value, 'true or false');
  return value === 'true';
}

export function oneOf<Choice extends string>(
  get: Get,
  name: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = get(name);
  if (value === undefined) return choices[0];
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw wrong(name, value, `one of ${choices.join(', ')}`);
  return chosen;
}

/** An IPv4 range; never the whole internet. */
export function cidr(get: Get, name: string): string | null {
  const value = get(name);
  if (value === undefined) return null;
  const [, address, length] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(value) ?? [];
  const bytes = address?.split('.').map(Number) ?? [];
  if (length === undefined || Number(length) > 32 || bytes.some((byte) => byte > 255))
    throw wrong(name, value, 'a range of IPv4 addresses such as 10.0.0.0/16');
  if (Number(length) < 8) throw wrong(name, value, 'narrower than that: /8 at most');
  return value;
}

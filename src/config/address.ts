import { ConfigError } from '../errors.ts';
import { settings } from './settings.ts';

/** The parts of a server's address that were given, decoded. */
export interface Address<Parameter extends string> {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A parameter after the question mark; empty ones count as left out. */
  from(parameter: Parameter): string | undefined;
}

const UNESCAPED =
  'user or password contains a character that must be escaped (% as %25, @ as %40, / as %2F, : as %3A, ? as %3F, # as %23)';
/** Stands for the host where the address names none. */
const UNSET = 'unset.invalid';

/**
 * Takes `scheme://user:password@host:port/database?parameter=value` apart, every part optional. ConfigError for what is
 * not such an address, or has a parameter that is not known.
 */
export function readAddress<Parameter extends string>(
  address: string,
  known: readonly Parameter[],
  example: string,
): Address<Parameter> {
  // Messages never hold the address: it may hold a password.
  const wrong = (why: string): ConfigError =>
    new ConfigError(`The address of the warehouse cannot be used: ${why}.`, { hint: example });
  let url: URL;
  // `scheme:` and `scheme:///database` are well, and name no host.
  const rest = address.replace(/^[a-z]+:(\/\/)?/i, '');
  if (/^[a-z]+:\/(?!\/)/i.test(address)) throw wrong('there is one slash after the colon, not two');
  // Read as it is, what comes before would be a host and a port, and would be shown.
  if (/^[^/?#@]*:[^/?#@]*[/?#].*@/.test(rest)) throw wrong(UNESCAPED);
  try {
    const withHost = rest.replace(/^([^/?]*@)?(?=[/?:]|$)/, `$1${UNSET}`);
    url = new URL(`server://${withHost}`);
  } catch {
    throw wrong('it does not have the form of an address');
  }
  if (url.hostname.includes(',')) throw wrong('it names several hosts; name one');
  const parameters = url.searchParams;
  const odd = [...parameters.keys()].find((name) => !(known as readonly string[]).includes(name));
  if (odd !== undefined && /^\w+$/.test(odd)) throw wrong(`it has the unknown parameter "${odd}"`);
  if (odd !== undefined) throw wrong('after the question mark there is something that is not a parameter');
  return {
    host: decoded(url.hostname.replace(UNSET, '').replace(/^\[(.*)\]$/, '$1')),
    port: decoded(url.port),
    database: decoded(url.pathname.slice(1)),
    user: decoded(url.username),
    password: decoded(url.password),
    from: (parameter) => parameters.get(parameter) || undefined,
  };
}

function decoded(part: string): string | undefined {
  if (part === '') return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigError('The address of the warehouse has a "%" that is not an escape.', {
      hint: 'In user and password, write % as %25, @ as %40, / as %2F, : as %3A.',
    });
  }
}

/** The schema that an address names; ConfigError for what is not the name of one. */
export function schemaOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const parsed = settings.schema.schema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`schema is "${name}": it ${parsed.error.issues[0]?.message}.`);
}

/** A whole number that an address holds; ConfigError for anything else. */
export function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ConfigError(`${name} is "${text}", not a number.`);
}

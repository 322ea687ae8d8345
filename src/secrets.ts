/** What stands in the place of a secret. */
const HIDDEN = '***';
/** A shorter secret occurs in too many texts by chance: it is hidden in addresses only. */
const SHORTEST_FOUND_ANYWHERE = 4;

/** `password=…`, as servers, drivers and presigned addresses name what is secret; a file with passwords is none. */
const SECRET_PARAMETER = new RegExp(
  '((?:^|[?&;\\s]|--)(?:[\\w.-]*(?:pass(?!file)|pwd|secret|token|signature|credential|access.?key|api.?key)[\\w.-]*|sig)\\s*=\\s*)' +
    // A separator is part of the value unless another parameter follows it.
    '(\'[^\']*\'(?=[&;\\s]|$)|"[^"]*"(?=[&;\\s]|$)|(?:[^&;\\s]|[&;\\s](?!\\s*[\\w.%-]+=))+)',
  'gi',
);
/** One scheme, or several that somebody put before one another; a flag may stand before them. */
const SCHEMES =
  /^(?:--[\w-]+=)?(?:(?:jdbc|iam|duckdb|postgres|postgresql|redshift|s3|s3a|s3n|https?|file):\/*|[a-z][\w+.-]*:\/\/+)*/i;

interface Found {
  /** The address, safe to print. */
  readonly shown: string;
  readonly secrets: readonly string[];
}

/**
 * An address as a user gave it, safe to print: by its form, before anything parses it, so that one with a missing scheme, a
 * slash too few or a character that should be escaped is safe too. What holds no secret comes back as it is.
 */
export function withoutSecrets(address: string): string {
  return search(address).shown;
}

/** What `withoutSecrets` takes out of an address, as it stands there and decoded. */
function secretsIn(address: string): string[] {
  return search(address).secrets.flatMap((secret) => [secret, decoded(secret)]);
}

function search(address: string): Found {
  const secrets: string[] = [];
  const shown = address.replace(SECRET_PARAMETER, (_, name: string, value: string) => {
    if (value !== HIDDEN) secrets.push(value);
    return `${name}${HIDDEN}`;
  });
  // SQL and other text: a colon and an at sign mean nothing there. A password may hold a blank, a user does not.
  if (/^[^:]*\s/.test(shown)) return { shown, secrets };
  const [schemes = ''] = SCHEMES.exec(shown) ?? [];
  const rest = shown.slice(schemes.length);
  const span = secretSpan(schemes, rest);
  if (span === null) return { shown, secrets };
  secrets.push(rest.slice(span.from, span.to));
  return { shown: `${schemes}${rest.slice(0, span.from)}${HIDDEN}${rest.slice(span.to)}`, secrets };
}

/** Where in `user:password@host/…` the password stands; up to the last at sign, since one in it may not be escaped. */
function secretSpan(schemes: string, rest: string): { from: number; to: number } | null {
  // The colons of an IPv6 address are no user's.
  const [authority = ''] = /^[^/?#]*/.exec(rest) ?? [];
  const masked = authority.replace(/\[[\da-f:.]*\]/i, (host) => '_'.repeat(host.length));
  const colon = masked.indexOf(':');
  const isServer = /^[^:@]*@[^:@]*:\d*$/.test(masked);
  const at = (isServer ? (rest.split('?')[0] as string) : rest).lastIndexOf('@');
  if (schemes === '' && /^[./~]/.test(rest)) return null;
  if (colon >= 0 && at > colon && rest.slice(colon + 1, at) !== HIDDEN) return { from: colon + 1, to: at };
  if (/^https?:/i.test(schemes) && colon < 0 && masked.includes('@'))
    return { from: 0, to: masked.lastIndexOf('@') };
  const isPort = colon < 0 || /^\d*$/.test(masked.slice(masked.lastIndexOf(':') + 1));
  // A password whose host is missing; but names of AWS have colons too, and files may.
  const mayHaveUser =
    schemes.endsWith('/') && !/(duckdb|file):\/*$/i.test(schemes) && !rest.startsWith('arn:');
  if (!isPort && at < colon && mayHaveUser && masked.slice(colon + 1) !== HIDDEN)
    return { from: colon + 1, to: rest.length };
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Takes what is secret out of texts; knows what it was told of, wherever it occurs. */
export interface SecretKeeper {
  /** An address, a word of the command line, the value of a setting: from now on, its secrets by form are known. */
  heed(given: string): void;
  /** A password. */
  heedSecret(secret: string): void;
  /** A user, a host, a database: a password of the same word cannot be told from it, and stays. */
  heedOpen(word: string): void;
  /** Takes out whole addresses that were given, and nothing else: for results, which hold data. */
  hideAddresses(text: string): string;
  /** Takes out every secret that is known, and what looks like one in an address: for messages. */
  hide(text: string): string;
}

/** Words that messages say anyway. */
const PROGRAM_WORDS = [
  'sparkify',
  'postgres',
  'postgresql',
  'redshift',
  'duckdb',
  'database',
  'password',
  'localhost',
  'default',
];

/** A keeper that knows of no secret yet. */
export function secretKeeper(): SecretKeeper {
  const addresses = new Map<string, string>();
  const secrets = new Set<string>();
  const open = new Set<string>(PROGRAM_WORDS);
  const longestFirst = <T>(items: Iterable<T>, text: (item: T) => string): T[] =>
    [...items].sort((a, b) => text(b).length - text(a).length);
  const hideAddresses = (text: string): string =>
    longestFirst(addresses, ([given]) => given).reduce(
      (hidden, [given, shown]) => hidden.replaceAll(given, () => shown),
      text,
    );
  return {
    heed(given) {
      const shown = withoutSecrets(given);
      if (shown === given) return;
      const flag = /^--[\w-]+=/.exec(given)?.[0] ?? '';
      addresses.set(given.slice(flag.length), shown.slice(flag.length));
      for (const secret of secretsIn(given)) secrets.add(secret);
      for (const word of shown.split(/[^\w.-]+/)) open.add(word.toLowerCase());
    },
    heedSecret: (secret) => void secrets.add(secret),
    heedOpen: (word) => void open.add(word.toLowerCase()),
    hideAddresses,
    hide(text) {
      const known = longestFirst(secrets, (secret) => secret).filter(
        (secret) => secret.length >= SHORTEST_FOUND_ANYWHERE && !open.has(secret.toLowerCase()),
      );
      const hidden = known.reduce((left, secret) => left.replaceAll(secret, HIDDEN), hideAddresses(text));
      return hidden.replace(/([a-z][\w+.-]*:\/\/[^\s:@/"'…]*):[^\s"'@/]+@/gi, `$1:${HIDDEN}@`);
    },
  };
}

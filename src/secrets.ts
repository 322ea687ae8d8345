/** What is shown in the place of a secret. */
const HIDDEN = '***';
/** A shorter secret occurs in too many texts by chance: it is hidden in addresses only. */
const SHORTEST_FOUND_ANYWHERE = 4;

/**
 * `password=…`, as servers, drivers and presigned addresses name what is secret; a file with passwords is not secret
 * itself.
 */
const SECRET_PARAMETER = new RegExp(
  '((?:^|[?&;\\s]|--)(?:[\\w.-]*(?:pass(?!file)|pwd|secret|token|signature|credential|access.?key|api.?key)[\\w.-]*|sig)\\s*=\\s*)' +
    // A separator is part of the value unless another parameter follows it.
    '(\'[^\']*\'(?=[&;\\s]|$)|"[^"]*"(?=[&;\\s]|$)|(?:[^&;\\s]|[&;\\s](?!\\s*[\\w.%-]+=))+)',
  'gi',
);
/** One scheme, or several, one before the other; a flag may stand before them. */
const SCHEMES =
  /^(?:--[\w-]+=)?(?:(?:jdbc|iam|duckdb|postgres|postgresql|redshift|s3|s3a|s3n|https?|file):\/*|[a-z][\w+.-]*:\/\/+)*/i;

/** Where an address may begin behind other words or within a path, which takes one of its slashes, or without its colon. */
const INNER_SCHEME =
  /(?<![\w.+-])(?:(?:postgres|postgresql|redshift)(?::\/*|\/+)|[\w+.-]+:\/+)|(?<!\w:\/*)\/\/+/gi;
const ADDRESS_IN_TEXT = /(?<![\w+.-])([\w+.-]+:\/+[^\s:@/"'…]*):[^\s"'@/]+@/gi;
const USER_AFTER_BLANK = /(\s[^\s:@/'"=]+:)(?!:)([^\s'"]+)@/;
/** What only the address of a server has; a name without it may be a path. */
const SERVER_SCHEME =
  /(?<![\w.+-])(?:(?:postgres(?:ql)?\/\/|redshift\/\/|(?:postgres|postgresql|redshift|jdbc|s3[an]?|https?):)|[a-z][\w+.-]*:\/)/i;

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

/** Any text, SQL too, safe to print: only what is in an address with its scheme is taken out. */
export function textWithoutSecrets(text: string): string {
  return text.replace(ADDRESS_IN_TEXT, `$1:${HIDDEN}@`);
}

/**
 * Whether what has the form of an address, `10:30@home`, is a path all the same: it has no scheme of a server, and it or
 * a folder of that form that it names exists.
 */
export function isPath(given: string, exists: (path: string) => boolean): boolean {
  const path = given.replace(/^--[\w-]+=/, '').replace(/^(?:duckdb|file):(?:\/\/)?/i, '');
  if (namesServer(path)) return false;
  for (
    let part = path;
    search(part).shown !== part;
    part = part.slice(0, Math.max(0, part.lastIndexOf('/')))
  ) {
    if (exists(part)) return true;
  }
  return false;
}

/** Whether a text holds the scheme of a server, wherever in it. */
export function namesServer(text: string): boolean {
  return SERVER_SCHEME.test(text);
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
  const span = spanIn(shown);
  if (span === null) return { shown, secrets };
  secrets.push(shown.slice(span.from, span.to));
  return { shown: `${shown.slice(0, span.from)}${HIDDEN}${shown.slice(span.to)}`, secrets };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the password is in a text that is an address, or holds one. */
function spanIn(text: string): Span | null {
  const start = text.length - text.trimStart().length;
  const trimmed = text.slice(start);
  const [schemes = ''] = SCHEMES.exec(trimmed) ?? [];
  const at = start + schemes.length;
  // A password may hold a blank, a user does not: what has one before its first colon is not an address as a whole.
  const whole = /^[^:]*\s/.test(trimmed) ? null : secretSpan(schemes, text.slice(at));
  if (whole !== null) return moved(whole, at);
  for (const found of text.slice(at).matchAll(INNER_SCHEME)) {
    const [scheme] = found;
    const after = at + found.index + scheme.length;
    // Two slashes alone say nothing in the address of a server, whose path may have them.
    if (scheme.startsWith('/') && !/^(?:--[\w-]+=)?(?:(?:duckdb|file):\/*)?$/i.test(schemes)) continue;
    const inner = secretSpan(scheme.includes(':') ? scheme : '', text.slice(after));
    if (inner !== null) return moved(inner, after);
  }
  const word = USER_AFTER_BLANK.exec(text);
  if (word === null || word[2]?.endsWith(HIDDEN)) return null;
  const from = word.index + (word[1] as string).length;
  return { from, to: from + (word[2] as string).length };
}

function moved({ from, to }: Span, by: number): Span {
  return { from: from + by, to: to + by };
}

/** Where in `user:password@host/…` the password stands; up to the last at sign, since one in it may not be escaped. */
function secretSpan(schemes: string, rest: string): Span | null {
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

function oneSlash(path: string): string {
  return path.replace(/\/{2,}/g, '/');
}

/** Whether what stands there is a part of a longer name of the warehouse: `song` in `songplays`. */
function isInName(text: string, at: number, length: number): boolean {
  const [before = ''] = /\w*$/.exec(text.slice(Math.max(0, at - LONGEST_NAME), at)) ?? [];
  const [after = ''] = /^\w*/.exec(text.slice(at + length, at + length + LONGEST_NAME)) ?? [];
  return WAREHOUSE_NAMES.includes(`${before}${text.slice(at, at + length)}${after}`.toLowerCase());
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
const PROGRAM_WORDS =
  'sparkify postgres postgresql redshift duckdb database password localhost default schema table column'.split(
    ' ',
  );

/** Names of schemas, tables and columns; the test holds that none is missing. Shorter ones are never looked for. */
const WAREHOUSE_NAMES = `
artist artist_id artist_latitude artist_location artist_longitude artist_name artists auth blank bytes change
command committed_at created_by drift duplicate duration duration_seconds events events_staged extra field
file_id files files_loaded fingerprint first_name gender hour item_in_session kind last_name last_run_id
latitude layout_version length level line lines loaded_at location longitude match_on method month name
next_file_id num_songs page path reason records registration reject_id rejected rejected_at rejects repeat
repeated_events repeated_songs report rule run_id runs session_id sha256 song song_id song_keys songplay_id
songplays songplays_rows songs songs_staged sparkify_version spelling staged staging star start_time started_at
status time title user_agent user_id user_levels users valid_from valid_to value warehouse week weekday year
`
  .trim()
  .split(/\s+/);

const LONGEST_NAME = Math.max(...WAREHOUSE_NAMES.map((name) => name.length));

/** A keeper that knows of no secret yet. */
export function secretKeeper(): SecretKeeper {
  const addresses = new Map<string, string>();
  const secrets = new Set<string>();
  const open = new Set<string>([...PROGRAM_WORDS, ...WAREHOUSE_NAMES]);
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
      const [address, safe] = [given.slice(flag.length).trim(), shown.slice(flag.length).trim()];
      addresses.set(address, safe);
      // As it reads where it was taken for a path.
      addresses.set(oneSlash(address), oneSlash(safe));
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
      const hidden = known.reduce(
        (left, secret) =>
          left.replaceAll(secret, (_, at: number) => (isInName(left, at, secret.length) ? secret : HIDDEN)),
        hideAddresses(text),
      );
      return textWithoutSecrets(hidden);
    },
  };
}

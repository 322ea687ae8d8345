/** A page of the app as its log names it. */
interface Page {
  readonly page: string;
  readonly method: 'GET' | 'PUT';
  readonly status: 200 | 307 | 404;
}

export type Auth = 'Logged In' | 'Logged Out' | 'Guest' | 'Cancelled';

/** A page, and whether somebody is logged in there. */
export interface State extends Page {
  readonly auth: Auth;
}

const get = (page: string): Page => ({ page, method: 'GET', status: 200 });
const put = (page: string): Page => ({ page, method: 'PUT', status: 200 });
/** A form that is sent, and answered by the next page. */
const submit = (page: string): Page => ({ page, method: 'PUT', status: 307 });

const pages = {
  nextSong: put('NextSong'),
  home: get('Home'),
  login: submit('Login'),
  logout: submit('Logout'),
  settings: get('Settings'),
  saveSettings: submit('Save Settings'),
  help: get('Help'),
  about: get('About'),
  error: { page: 'Error', method: 'GET', status: 404 },
  upgrade: get('Upgrade'),
  submitUpgrade: submit('Submit Upgrade'),
  downgrade: get('Downgrade'),
  submitDowngrade: submit('Submit Downgrade'),
  rollAdvert: get('Roll Advert'),
  thumbsUp: submit('Thumbs Up'),
  thumbsDown: submit('Thumbs Down'),
  addFriend: submit('Add Friend'),
  addToPlaylist: put('Add to Playlist'),
  register: get('Register'),
  submitRegistration: submit('Submit Registration'),
  cancel: submit('Cancel'),
} satisfies Record<string, Page>;

const loggedIn = (page: Page): State => ({ ...page, auth: 'Logged In' });
const loggedOut = (page: Page): State => ({ ...page, auth: 'Logged Out' });
const guest = (page: Page): State => ({ ...page, auth: 'Guest' });

/** Every state by name. */
const namedStates = {
  nextSong: loggedIn(pages.nextSong),
  home: loggedIn(pages.home),
  logout: loggedIn(pages.logout),
  settings: loggedIn(pages.settings),
  saveSettings: loggedIn(pages.saveSettings),
  help: loggedIn(pages.help),
  about: loggedIn(pages.about),
  error: loggedIn(pages.error),
  upgrade: loggedIn(pages.upgrade),
  submitUpgrade: loggedIn(pages.submitUpgrade),
  downgrade: loggedIn(pages.downgrade),
  submitDowngrade: loggedIn(pages.submitDowngrade),
  rollAdvert: loggedIn(pages.rollAdvert),
  thumbsUp: loggedIn(pages.thumbsUp),
  thumbsDown: loggedIn(pages.thumbsDown),
  addFriend: loggedIn(pages.addFriend),
  addToPlaylist: loggedIn(pages.addToPlaylist),
  homeOut: loggedOut(pages.home),
  login: loggedOut(pages.login),
  helpOut: loggedOut(pages.help),
  aboutOut: loggedOut(pages.about),
  homeGuest: guest(pages.home),
  register: guest(pages.register),
  submitRegistration: guest(pages.submitRegistration),
  cancel: loggedIn(pages.cancel),
  cancellation: { ...get('Cancellation Confirmation'), auth: 'Cancelled' },
} satisfies Record<string, State>;

export type StateName = keyof typeof namedStates;
const names = Object.keys(namedStates) as StateName[];

export const states: readonly State[] = Object.values(namedStates);
/** A state's place in `states`. */
export const stateNumber = Object.fromEntries(names.map((name, at) => [name, at])) as Readonly<
  Record<StateName, number>
>;

/** Probabilities of the next state; what is missing to 1 ends the session. */
type Row = Readonly<Partial<Record<StateName, number>>>;
type Level = 'free' | 'paid';
type Table = Readonly<Record<Level, Readonly<Partial<Record<StateName, Row>>>>>;

/** Where a session begins. Rates here and below: measured on the real logs (8,056 events), rounded. */
const beginnings: Readonly<Record<Level, Row>> = {
  free: { nextSong: 0.56, home: 0.4, homeOut: 0.015, login: 0.015, about: 0.005, help: 0.005 },
  paid: { nextSong: 0.45, home: 0.285, homeOut: 0.2, login: 0.065 },
};

const out: Readonly<Partial<Record<StateName, Row>>> = {
  logout: { homeOut: 1 },
  login: { home: 1 },
  helpOut: { login: 0.3, helpOut: 0.2 },
  aboutOut: { login: 0.3, homeOut: 0.1, aboutOut: 0.1 },
};

/** The thirteen pages of the real logs. Levels change on days that are drawn for each user, not here. */
const classic: Table = {
  free: {
    ...out,
    nextSong: {
      nextSong: 0.5012,
      logout: 0.0212,
      home: 0.0203,
      upgrade: 0.009,
      help: 0.0024,
      about: 0.0016,
      settings: 0.0016,
      error: 0.001,
    },
    home: { nextSong: 0.54, settings: 0.03, home: 0.014, upgrade: 0.009, logout: 0.0083, about: 0.003 },
    homeOut: { login: 0.44, homeOut: 0.19, aboutOut: 0.08, helpOut: 0.04 },
    upgrade: { home: 0.4, nextSong: 0.25, upgrade: 0.12 },
    settings: { nextSong: 0.45, saveSettings: 0.16, home: 0.14, help: 0.07, settings: 0.07 },
    saveSettings: { home: 0.8 },
    help: { nextSong: 0.5, home: 0.17 },
    about: { home: 0.2, nextSong: 0.1 },
    error: { nextSong: 0.3, home: 0.2 },
  },
  paid: {
    ...out,
    nextSong: {
      nextSong: 0.9233,
      home: 0.0211,
      logout: 0.0093,
      downgrade: 0.0089,
      settings: 0.0055,
      help: 0.0052,
      about: 0.0021,
      error: 0.0013,
    },
    home: { nextSong: 0.86, settings: 0.029, logout: 0.022, downgrade: 0.018, about: 0.004 },
    homeOut: { login: 0.33, homeOut: 0.13, aboutOut: 0.07, helpOut: 0.03 },
    downgrade: { nextSong: 0.59, home: 0.17, downgrade: 0.05 },
    settings: { nextSong: 0.57, saveSettings: 0.19, settings: 0.07, logout: 0.07, home: 0.05, help: 0.05 },
    saveSettings: { home: 1 },
    help: { nextSong: 0.84, downgrade: 0.06, home: 0.03, help: 0.03 },
    about: { nextSong: 0.24, about: 0.23, home: 0.18 },
    error: { nextSong: 0.15, home: 0.15 },
  },
};

/** More of the app: adverts for those who do not pay, thumbs, friends, playlists. Invented rates. */
function full(): Table {
  const social: Row = { thumbsUp: 0.042, thumbsDown: 0.009, addToPlaylist: 0.022, addFriend: 0.014 };
  const back: Row = { nextSong: 0.96, home: 0.01 };
  const after = { thumbsUp: back, thumbsDown: back, addToPlaylist: back, addFriend: back };
  const during = (row: Row, extra: Row): Row => {
    const taken = Object.values(extra).reduce((sum, share) => sum + share, 0);
    return { ...row, ...extra, nextSong: (row.nextSong ?? 0) - taken };
  };
  return {
    free: {
      ...classic.free,
      ...after,
      nextSong: during(classic.free.nextSong as Row, { ...social, rollAdvert: 0.09 }),
      rollAdvert: { nextSong: 0.86, rollAdvert: 0.02, home: 0.02, upgrade: 0.01 },
    },
    paid: { ...classic.paid, ...after, nextSong: during(classic.paid.nextSong as Row, social) },
  };
}

export const profiles = { classic, full: full() } as const;
export type ProfileName = keyof typeof profiles;

/** The end of a session, where a state's number would stand. */
export const END = 255;

/** A chain as arrays: from state s at level l, the first `i` whose cumulative share exceeds a draw leads to `to[i]`. */
export interface Chain {
  /** By level (0 free, 1 paid), then state. */
  readonly next: readonly (readonly Choice[])[];
  readonly begin: readonly Choice[];
}

interface Choice {
  readonly cumulative: Float64Array;
  readonly to: Uint8Array;
}

const levels: readonly Level[] = ['free', 'paid'];

/** A profile's chain, ready to be drawn from. */
export function chainOf(profile: ProfileName): Chain {
  const table = profiles[profile];
  return {
    begin: levels.map((level) => choiceOf(beginnings[level])),
    next: levels.map((level) => names.map((name) => choiceOf(table[level][name] ?? {}))),
  };
}

function choiceOf(row: Row): Choice {
  const pairs = Object.entries(row) as [StateName, number][];
  let sum = 0;
  return {
    cumulative: Float64Array.from(pairs, ([, share]) => {
      sum += share;
      return sum;
    }),
    to: Uint8Array.from(pairs, ([name]) => stateNumber[name]),
  };
}

/** The state that a draw in [0, 1) leads to, or END. */
export function follow({ cumulative, to }: Choice, draw: number): number {
  for (let at = 0; at < to.length; at += 1) if (draw < (cumulative[at] as number)) return to[at] as number;
  return END;
}

/** Events per session that begins at each level (free, paid), with no level change: the expected walk's length. */
export function expectedEvents(profile: ProfileName): readonly [number, number] {
  const chain = chainOf(profile);
  const walk = (level: number): number => {
    let at = distribution(chain.begin[level] as Choice, 1);
    let events = 0;
    for (let reached = 1; reached > 1e-6; ) {
      reached = at.reduce((sum, share) => sum + share, 0);
      events += reached;
      const next = new Float64Array(states.length);
      at.forEach((share, state) => {
        distribution(chain.next[level]?.[state] as Choice, share).forEach((more, to) => {
          next[to] = (next[to] as number) + more;
        });
      });
      at = next;
    }
    return events;
  };
  return [walk(0), walk(1)];
}

function distribution({ cumulative, to }: Choice, of: number): Float64Array {
  const shares = new Float64Array(states.length);
  to.forEach((state, at) => {
    shares[state] = of * ((cumulative[at] as number) - (at === 0 ? 0 : (cumulative[at - 1] as number)));
  });
  return shares;
}

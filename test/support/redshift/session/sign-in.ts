import { createHash, randomBytes } from 'node:crypto';
import { ServerError } from '../copy/copy-session.ts';
import type { World } from '../world.ts';
import type { Front } from './front.ts';
import { errorMessage, int32, message, readString } from './wire.ts';

const cancelRequest = 80877102;
const sslRequest = 80877103;
const gssRequest = 80877104;
const protocol3 = 196608;

/** Who signed in, and with which parameters. */
export interface SignedIn {
  readonly user: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Meets a client up to its password; null where it only cancels, leaves or is refused. */
export async function signIn(front: Front, world: World): Promise<SignedIn | null> {
  const startup = await readStartup(front, world);
  if (startup === null) return null;
  front.becomeTyped();
  const user = startup.get('user') ?? '';
  try {
    await checkPassword(front, world, user);
    if (startup.get('database') !== world.postgres.database)
      throw new ServerError('3D000', `database "${startup.get('database')}" does not exist`);
    // Known to be refused: drivers that send it cannot connect.
    if (startup.has('extra_float_digits') && startup.get('extra_float_digits') === '3')
      throw new ServerError(
        '22023',
        '3 is outside the valid range for parameter "extra_float_digits" (-15 .. 2)',
      );
    return { user, parameters: startup };
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    front.send(errorMessage(error, 'FATAL'));
    front.end();
    return null;
  }
}

async function readStartup(front: Front, world: World): Promise<Map<string, string> | null> {
  let secure = false;
  for (;;) {
    const first = await front.next();
    if (first === null) return null;
    const code = first.body.readInt32BE(0);
    if (code === cancelRequest) {
      world.backends.get(`${first.body.readInt32BE(4)} ${first.body.readInt32BE(8)}`)?.cancel();
      front.end();
      return null;
    }
    if (code === gssRequest || (code === sslRequest && world.tls === null)) front.send('N');
    else if (code === sslRequest && world.tls !== null) {
      front.startTls(world.tls);
      secure = true;
    } else if (code === protocol3) {
      const parameters = readParameters(first.body);
      if (world.tls === null || secure) return parameters;
      const { user, database } = Object.fromEntries(parameters);
      const refused = `no pg_hba.conf entry for host "::ffff:127.0.0.1", user "${user}", database "${database}", SSL off`;
      front.send(errorMessage(new ServerError('28000', refused), 'FATAL'));
      front.end();
      return null;
    } else {
      front.cut();
      return null;
    }
  }
}

function readParameters(body: Buffer): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let at = 4; body[at] !== 0 && at < body.length; ) {
    const name = readString(body, at);
    const value = readString(body, name.end);
    parameters.set(name.text, value.text);
    at = value.end;
  }
  return parameters;
}

/** By MD5, as clusters ask for it. */
async function checkPassword(front: Front, { logins }: World, user: string): Promise<void> {
  const salt = randomBytes(4);
  front.send(message('R', int32(5), salt));
  const answer = await front.next();
  const login = Object.hasOwn(logins, user) ? logins[user] : undefined;
  const given = answer?.type === 'p' ? readString(answer.body, 0).text : '';
  const md5 = (text: string | Buffer, more: Buffer | string = '') =>
    createHash('md5').update(text).update(more).digest('hex');
  const expected = login === undefined ? '' : `md5${md5(md5(login.password, user), salt)}`;
  const expired = login?.validUntil !== undefined && login.validUntil.getTime() <= Date.now();
  if (login === undefined || given !== expected || expired)
    throw new ServerError('28000', `password authentication failed for user "${user}"`);
}

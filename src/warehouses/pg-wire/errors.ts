import { CommitUnknownError, InterruptedError, TransientError, WarehouseError } from '../../errors.ts';

/** What of a driver's error is looked at: SQLSTATE or the system's code. */
interface PostgresFailure extends Error {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** The server ended the session, or it is not known what became of it; class 08, shutdowns, and what sockets say. */
const LOST =
  /^(08\w{3}|57P0[1-35]|25P0[34]|ECONNRESET|EPIPE|ETIMEDOUT|ENETRESET|ECONNABORTED)$|connection terminated|not queryable|connection error/i;
/** Serialization failure and deadlock: done again as a whole, the transaction may go through. */
const CONFLICT = /^(40001|40P01)$/;

const hints: Readonly<Record<string, string>> = {
  '28P01': 'Check user and password: PGUSER, PGPASSWORD, the password file, or the address.',
  '28000':
    'Check user and pg_hba.conf: the server does not accept this user from here, or not with this method.',
  '3D000': 'Create it (createdb), or name another one in the address.',
  '53100': 'Make room on the server and run again; what did not commit left nothing behind.',
  '53300': 'Too many connections: wait, or raise max_connections.',
  '55P03': 'Another session holds a lock on a table of the warehouse; find it in pg_locks, and run again.',
  '25006': 'The server or the session is read-only: a standby cannot be loaded.',
};

/** The SQLSTATE behind an error that this program made of the driver's; empty where it has none. */
export function codeOf(error: unknown): string {
  return ((error as Error).cause as PostgresFailure | undefined)?.code ?? '';
}

/** Whether the session is gone. */
export function isLost(cause: unknown): boolean {
  const { code = '', message } = cause as PostgresFailure;
  return LOST.test(code) || (code === '' && LOST.test(message));
}

/**
 * The driver's error as one that says what to do; `isCommitting` where it is not known whether the work took effect.
 */
export function postgresError(name: string, cause: unknown, isCommitting = false): Error {
  if (cause instanceof WarehouseError || cause instanceof InterruptedError) return cause;
  const failure = cause as PostgresFailure;
  const { code = '', message, detail } = failure;
  if (isLost(cause)) {
    const lost = `${name}: the connection was lost (${message.replace(/\.$/, '')}).`;
    const options = { cause, hint: 'Nothing was committed; run again when the server is back.' };
    if (!isCommitting) return new TransientError(lost, options);
    return new CommitUnknownError(`${lost} It was lost while committing.`, {
      cause,
      hint: 'Run again: the next run finds out, and loads nothing twice.',
    });
  }
  if (CONFLICT.test(code)) {
    return new TransientError(`${name}: another session was in the way (${message}).`, {
      cause,
      hint: 'Nothing was committed; run again.',
    });
  }
  if (code === '57014') {
    const isTimeout = /timeout/i.test(message);
    return new WarehouseError(
      `${name}: ${isTimeout ? 'a statement took longer than the time allowed' : 'a statement was cancelled'}.`,
      { cause, hint: isTimeout ? 'Raise STATEMENT_TIMEOUT, or set it to 0.' : 'Run again.' },
    );
  }
  if (code === '42501') {
    return new WarehouseError(`${name}: ${message}.`, {
      cause,
      hint: 'The role lacks a right; docs/postgresql.md lists those of the owner and of readers.',
    });
  }
  if (code === '53100') {
    return new WarehouseError(`No space left on the disk of ${name}.`, {
      cause,
      hint: hints[code] as string,
    });
  }
  const hint = hints[code] ?? failure.hint;
  const more = detail === undefined ? '' : ` (${detail})`;
  return new WarehouseError(`${name}: ${message}${more}`.replace(/\.?$/, '.'), {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const tlsFailures =
  /UNABLE_TO_VERIFY|SELF_SIGNED|CERT_|ERR_TLS|UNABLE_TO_GET_ISSUER|ERR_OSSL|EPROTO|HOSTNAME_MISMATCH/;

/** Why a server could not be reached, as one that says what to do. */
export function connectError(name: string, cause: unknown): Error {
  const { code = '', message } = cause as PostgresFailure;
  const say = (why: string, hint: string): WarehouseError =>
    new WarehouseError(`Cannot connect to ${name}: ${why}`, { cause, hint });
  if (/ECONNREFUSED|ENOENT|EHOSTUNREACH|ENETUNREACH/.test(code))
    return say(`nothing answers (${code}).`, 'Check host and port, and that the server runs.');
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return say(`there is no such host (${code}).`, 'Check its name.');
  if (/timeout expired|ETIMEDOUT/i.test(`${code} ${message}`))
    return say('the server does not answer in time.', 'Check the network, or raise PGCONNECT_TIMEOUT.');
  if (/does not support SSL/i.test(message))
    return say('the server does not speak TLS.', 'Turn it on there (ssl = on), or use sslmode=disable.');
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return say(
      `its certificate is for another name (${message.replace(/\.$/, '')}).`,
      'Connect by the name in the certificate; sslmode=verify-ca verifies the authority only.',
    );
  }
  if (tlsFailures.test(code) || /certificate|altname/i.test(message)) {
    return say(
      `its certificate cannot be trusted (${message.replace(/\.$/, '')}).`,
      'Name the certificate of its authority: sslrootcert=FILE. Without it, sslmode=require encrypts and verifies nothing.',
    );
  }
  if (/client password must be a/i.test(message))
    return say('it needs a password.', 'Set PGPASSWORD, or write it into the password file (~/.pgpass).');
  if (code === '57P03' || isLost(cause)) {
    return new TransientError(`Cannot connect to ${name}: ${message.replace(/\.?$/, '.')}`, {
      cause,
      hint: 'Run again when the server is up.',
    });
  }
  return postgresError(name, cause);
}

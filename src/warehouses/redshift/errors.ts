import type pg from 'pg';
import {
  CommitUnknownError,
  InterruptedError,
  SourceChangedError,
  TransientError,
  WarehouseError,
} from '../../errors.ts';
import { isLost } from '../pg-wire/errors.ts';

/**
 * What may go through if all of it is done again. Redshift gives them SQLSTATE XX000, so that only the text shows it: a
 * broken serialization (1023), another writer under snapshot isolation, a table that was replaced meanwhile.
 */
const CONFLICT =
  /\b1023\b|serializable isolation violation|conflict with concurrent transaction|could not open relation with OID|deadlock detected/i;
/** How the cluster words that S3 refused it, or that what it was to read is not there. */
export const S3_REFUSED =
  /access ?denied|status 403|not authorized to (assume|get credentials)|unauthorized/i;
export const S3_MISSING = /NoSuchKey|NoSuchBucket|status 404|does not exist/i;
const WRONG_REGION = /PermanentRedirect|AuthorizationHeaderMalformed|status 301/i;

/** A COPY refused more records than it was allowed to; sys_load_error_detail says which. */
export class CopyRefusedError extends WarehouseError {}

/** A statement that took too long, or was cancelled; Redshift's words for it are in no guide. */
const CANCELLED = /^57014$|cancell?ed on user's request|statement timeout|cancell?ing statement/i;

/** Whether a statement ended because it took too long, or was cancelled. */
export function isCancelled(error: unknown): boolean {
  const { code = '', message = '' } = ((error as Error).cause ?? {}) as Partial<pg.DatabaseError>;
  return CANCELLED.test(code) || CANCELLED.test(message);
}

/**
 * The driver's error as one that says what to do; `isCommitting` where it is not known whether the work took effect.
 */
export function redshiftError(name: string, cause: unknown, isCommitting = false): Error {
  if (cause instanceof WarehouseError || cause instanceof InterruptedError) return cause;
  const { code = '', message, detail } = cause as pg.DatabaseError;
  if (isLost(cause)) {
    const lost = `${name}: the connection was lost (${message.replace(/\.$/, '')}).`;
    if (isCommitting) {
      return new CommitUnknownError(`${lost} It was lost while committing.`, {
        cause,
        hint: 'Run again: the next run finds out, and loads nothing twice.',
      });
    }
    return new TransientError(lost, {
      cause,
      hint: 'Nothing was committed; run again when the cluster is back.',
    });
  }
  const whole = `${message} ${detail ?? ''}`;
  if (CONFLICT.test(whole)) {
    return new TransientError(`${name}: another session was in the way (${sentence(message, detail)}).`, {
      cause,
      hint: 'Nothing was committed; run again.',
    });
  }
  return refusal(name, cause as pg.DatabaseError, code, whole);
}

function refusal(name: string, cause: pg.DatabaseError, code: string, whole: string): Error {
  const { message, detail } = cause;
  const say = (what: string, hint: string): WarehouseError => new WarehouseError(what, { cause, hint });
  if (/load into table .* failed/i.test(message)) {
    return new CopyRefusedError(`${name}: ${sentence(message, detail)}.`, {
      cause,
      hint: 'sys_load_error_detail holds what was refused.',
    });
  }
  if (/s3|iam|role|credential/i.test(whole)) {
    if (S3_MISSING.test(whole))
      return new SourceChangedError(
        `${name}: the cluster did not find objects that it was to read (${sentence(message, detail)}).`,
        {
          cause,
          hint: 'Run again: the objects are listed again.',
        },
      );
    if (WRONG_REGION.test(whole))
      return say(
        `${name}: the bucket is in another Region (${sentence(message, detail)}).`,
        'Set the bucket’s: REGION below [S3], SPARKIFY_REGION.',
      );
    if (S3_REFUSED.test(whole))
      return say(
        `${name}: the cluster’s role may not do this (${sentence(message, detail)}).`,
        'Attach the role to the cluster, and allow it s3:GetObject and s3:ListBucket on the data and the staging prefix; sparkify doctor tries it. docs/redshift.md has the policy.',
      );
  }
  if (CANCELLED.test(code) || CANCELLED.test(message)) {
    const isTimeout = /timeout/i.test(message);
    return say(
      `${name}: ${isTimeout ? 'a statement took longer than the time allowed' : 'a statement was cancelled'}.`,
      isTimeout ? 'Raise STATEMENT_TIMEOUT, or set it to 0.' : 'Run again.',
    );
  }
  if (code === '42501' || /permission denied/i.test(message))
    return say(
      `${name}: ${sentence(message, detail)}.`,
      'The user lacks a right; docs/redshift.md lists those of the loader and of readers.',
    );
  if (/disk full/i.test(message))
    return say(`${name}: no space left on the cluster.`, 'Make room, or add nodes, and run again.');
  return new WarehouseError(`${name}: ${sentence(message, detail)}.`, { cause });
}

function sentence(message: string, detail: string | undefined): string {
  const more = detail === undefined || detail === '' ? '' : `: ${detail.trim().replaceAll(/\s+/g, ' ')}`;
  return `${message.trim().replace(/[.:]$/, '')}${more}`;
}

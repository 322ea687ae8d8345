import type { ServerError } from '../copy/copy-session.ts';
import { columnsOf, errorOf, valuesOf } from './backend.ts';
import { encode, int16, int32, type Message, message } from './wire.ts';

const jsonb = 3802;
const superType = 4000;
const text = 25;
const varchar = 1043;

/** Makes what PostgreSQL answers into what Redshift would: types, compact SUPER values, command tags. */
export class Results {
  /** CommandComplete, held back until the transaction is committed. */
  complete: Buffer | null = null;
  error: ServerError | null = null;
  private supers: number[] = [];
  /** Hears of an error and of the end at once; a client that flushes waits for them. */
  live: ((error: ServerError | null) => void) | null = null;
  private readonly tag: string | null;
  private readonly send: (bytes: Buffer) => void;

  constructor(tag: string | null, send: (bytes: Buffer) => void) {
    this.tag = tag;
    this.send = send;
  }

  readonly take = (found: Message): void => {
    switch (found.type) {
      case 'T':
        this.send(this.described(found));
        return;
      case 'D':
        this.send(this.supers.length === 0 ? encode(found) : this.compacted(found));
        return;
      case 'C':
        this.complete = message('C', this.tag ?? found.body.toString('utf8', 0, found.body.length - 1));
        this.live?.(null);
        return;
      case 'E':
        this.error ??= errorOf(found.body);
        this.live?.(this.error);
        return;
      case 'N':
      case 'S':
      case 'A':
        return;
      default:
        this.send(encode(found));
    }
  };

  private described(found: Message): Buffer {
    const body = Buffer.from(found.body);
    this.supers = [];
    for (const [i, { type, typeAt }] of columnsOf(body).entries()) {
      if (type === jsonb) {
        this.supers.push(i);
        body.writeInt32BE(superType, typeAt);
      }
      if (type === text) body.writeInt32BE(varchar, typeAt);
    }
    return message('T', body);
  }

  private compacted(found: Message): Buffer {
    const parts: Buffer[] = [];
    for (const [i, value] of valuesOf(found.body).entries()) {
      const written =
        value !== null && this.supers.includes(i) ? Buffer.from(compact(value.toString())) : value;
      parts.push(int32(written?.length ?? -1));
      if (written !== null) parts.push(written);
    }
    return message('D', int16(found.body.readInt16BE(0)), ...parts);
  }
}

/** PostgreSQL writes a blank after each comma and colon, Redshift none. */
function compact(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|([,:]) /g, '$1$2');
}

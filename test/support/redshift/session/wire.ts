import type { ServerError } from '../copy/copy-session.ts';

/** A message of the PostgreSQL protocol; the first one of a connection has no type. */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

/** Cuts what arrives into messages. */
export class MessageCutter {
  private rest: Buffer = Buffer.alloc(0);
  private typed: boolean;

  constructor(typed: boolean) {
    this.typed = typed;
  }

  /** From now on messages have a type. */
  becomeTyped(): void {
    this.typed = true;
  }

  push(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
  }

  next(): Message | null {
    const head = this.typed ? 1 : 0;
    if (this.rest.length < head + 4) return null;
    const end = head + this.rest.readUInt32BE(head);
    if (this.rest.length < end) return null;
    const type = this.typed ? String.fromCharCode(this.rest[0] as number) : '';
    const body = this.rest.subarray(head + 4, end);
    this.rest = this.rest.subarray(end);
    return { type, body };
  }
}

/** A message: strings end with a zero byte, numbers have four. */
export function message(type: string, ...parts: (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'number' ? int32(part) : asBytes(part))));
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
}

/** A message as it is sent. */
export const encode = ({ type, body }: Message): Buffer => message(type, body);

const asBytes = (part: Buffer | string): Buffer => (typeof part === 'string' ? cString(part) : part);

const cString = (text: string): Buffer => Buffer.from(`${text}\0`);

/** Four bytes. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Two bytes. */
export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

/** The string that ends with a zero byte, and where the next thing begins. */
export function readString(body: Buffer, at: number): { text: string; end: number } {
  const zero = body.indexOf(0, at);
  return { text: body.toString('utf8', at, zero), end: zero + 1 };
}

/** The fields of an error or a notice. */
export function readFields(body: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; body[at] !== 0 && at < body.length; ) {
    const field = String.fromCharCode(body[at] as number);
    const { text, end } = readString(body, at + 1);
    fields.set(field, text);
    at = end;
  }
  return fields;
}

/** ErrorResponse. */
export function errorMessage({ code, message: text, detail, hint }: ServerError, severity = 'ERROR'): Buffer {
  return report('E', severity, code, text, detail, hint);
}

/** NoticeResponse. */
export function noticeMessage(text: string, severity = 'INFO'): Buffer {
  return report('N', severity, '00000', text, null, null);
}

function report(
  type: string,
  severity: string,
  code: string,
  text: string,
  detail: string | null,
  hint: string | null,
): Buffer {
  const fields: [string, string][] = [
    ['S', severity],
    ['C', code],
    ['M', text],
  ];
  if (detail !== null) fields.push(['D', detail]);
  if (hint !== null) fields.push(['H', hint]);
  return message(type, ...fields.map(([field, value]) => `${field}${value}`), Buffer.from([0]));
}

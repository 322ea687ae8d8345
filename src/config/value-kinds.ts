import { z } from 'zod';

type MatchFields = 'title, artist, duration' | 'title, artist';

/** A file, a folder, an address or a name. */
export const place = z.string().min(1, 'must not be empty');

/** A TCP port. */
export const port = z
  .string()
  .regex(/^\d+$/, 'must be a port number')
  .transform(Number)
  .refine((number) => number >= 1 && number <= 65_535, 'must be from 1 to 65535');

/** Which fields a play and its song must share, in any order and case. */
export const matchOn = z
  .string()
  .transform((text) =>
    text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean)
      .sort()
      .join(','),
  )
  .pipe(
    z.enum(['artist,duration,title', 'artist,title'], 'must be "title, artist, duration" or "title, artist"'),
  )
  .transform(
    (sorted) => (sorted === 'artist,title' ? 'title, artist' : 'title, artist, duration') as MatchFields,
  );

/** A schema for the star. */
export const schemaName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a plain name in lower case')
  .refine(
    (name) => !['staging', 'ops', 'pg_temp'].includes(name),
    'must not be staging or ops, which hold other tables',
  );

/** A number of records, or a share of them. */
export const rejectLimit = z
  .string()
  .regex(/^\d+(\.\d+)?\s*%$|^\d+$/, 'must be a number of records (100) or a share of them (1%)')
  .transform((text) =>
    text.endsWith('%')
      ? { share: Number.parseFloat(text) / 100, count: null }
      : { share: null, count: Number(text) },
  )
  .refine(({ share }) => share === null || share <= 1, 'must be at most 100%');

/** A length of time, in seconds. */
export const seconds = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'must be a number of seconds')
  .transform(Number);

/** A choice. */
export const yesOrNo = z
  .string()
  .regex(/^(yes|no|true|false|1|0)$/i, 'must be yes or no')
  .transform((text) => /^(yes|true|1)$/i.test(text));

/** An address of a web server. */
export const address = z.string().regex(/^https?:\/\/[^\s]+$/, 'must begin with http:// or https://');

/** What a list of words may hold, in any case. */
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(words, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`));

/** A folder in S3, without a slash at its end. */
export const s3Folder = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+\/[^/*?\s][^*?\s]*$/, 'must be s3://bucket/prefix')
  .transform((text) => text.replace(/\/+$/, ''));

/** How Redshift spreads a table's rows. */
export const distribution = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(/^[a-z_]+$/, 'must be auto, even, all or the name of a column'))
  .transform((text) => (text === 'auto' || text === 'even' || text === 'all' ? text : { by: text }));

/** How many there are: at least one. */
export const count = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'must be a whole number, at least 1')
  .transform(Number);

/** Who may read a file that is made. */
export const fileMode = oneOf(['600', '640']);

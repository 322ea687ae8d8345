import type { Config } from '../../config/config.ts';
import { UsageError } from '../../errors.ts';
import { withoutSecrets } from '../../secrets.ts';
import { isS3Address } from '../../sources/s3-address.ts';
import type { S3Options } from '../../sources/s3-client.ts';
import type { Source } from '../../sources/source.ts';
import { unlessStopped } from '../../stopping.ts';
import type { Context, Flags } from './command.ts';

/** Opens sources as the configuration says; `withSources` closes them. */
export type OpenSource = (place: string, isExact?: boolean) => Source;

/** Gives a way to open sources, and closes them all when the work has ended, whatever its end. */
export async function withSources<T>(
  context: Context,
  config: Config,
  work: (open: OpenSource) => Promise<T>,
): Promise<T> {
  const { openSource } = await import('../../sources/open.ts');
  const { spoolRoom } = await import('../../sources/spool.ts');
  const s3 = { ...s3OptionsOf(config), room: spoolRoom(), signal: context.signal };
  const opened: Source[] = [];
  try {
    return await work((place, isExact = false) => {
      const source = openSource(place, context.nowMs, { ...s3, exact: isExact });
      opened.push(source);
      return source;
    });
  } finally {
    await Promise.all(opened.map((source) => source.close()));
  }
}

/** How S3 is reached, as the configuration says. */
export function s3OptionsOf(config: Config): S3Options {
  const {
    region,
    s3Endpoint: endpoint,
    s3PathStyle: pathStyle,
    s3Anonymous: anonymous,
    s3RequesterPays,
  } = config;
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(s3RequesterPays === undefined ? {} : { requesterPays: s3RequesterPays }),
  };
}

/** A whole file or object as text; UsageError or SourceError if it cannot be read, `what` says what it should be. */
export async function readText(context: Context, flags: Flags, what: string, place: string): Promise<string> {
  if (!isS3Address(place)) {
    const { readFile } = await import('node:fs/promises');
    return unlessStopped(readFile(place, 'utf8'), context.signal).catch((cause) => {
      context.signal.throwIfAborted();
      throw new UsageError(`Cannot read ${what} ${withoutSecrets(place)}: ${(cause as Error).message}`, {
        cause,
      });
    });
  }
  return withSources(context, await context.config(flags), async (open) => {
    const source = open(place, true);
    const [file] = (await source.list()).files;
    return file === undefined ? '' : (await source.readSmall(file)).toString('utf8');
  });
}

import type { Config } from '../config/config.ts';
import type { Source } from '../sources/source.ts';
import type { Context } from './command.ts';

/** Opens sources as the configuration says; `withSources` closes them. */
export type OpenPlace = (place: string, isExact?: boolean) => Source;

/** Gives a way to open sources, and closes them all when the work has ended, whatever its end. */
export async function withSources<T>(
  context: Context,
  config: Config,
  work: (open: OpenPlace) => Promise<T>,
): Promise<T> {
  const { openSource } = await import('../sources/open.ts');
  const {
    region,
    s3Endpoint: endpoint,
    s3PathStyle: pathStyle,
    s3Anonymous: anonymous,
    s3RequesterPays,
  } = config;
  const s3 = {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
    ...(anonymous === undefined ? {} : { anonymous }),
    ...(s3RequesterPays === undefined ? {} : { requesterPays: s3RequesterPays }),
  };
  const opened: Source[] = [];
  const closeAll = (): Promise<unknown> => Promise.all(opened.map((source) => source.close()));
  // A signal need not wait for what a server is slow to send.
  context.onInterrupt(() => void closeAll());
  try {
    return await work((place, isExact = false) => {
      const source = openSource(place, context.nowMs, { ...s3, exact: isExact });
      opened.push(source);
      return source;
    });
  } finally {
    await closeAll();
  }
}

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { sparkify } from './command.ts';
import { type S3Server, startS3Server } from './s3-server.ts';

/** The test file's own S3 server; what it was told to do ends with each test. */
export let server: S3Server;

/** Starts the server for the tests of a file. */
export function useS3Server(): void {
  beforeAll(async () => {
    server = await startS3Server();
    process.env.AWS_ACCESS_KEY_ID = server.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = server.secretAccessKey;
  });
  afterEach(() => {
    server.trouble = () => null;
    server.denied = () => false;
    server.onGet = () => {};
    server.requests.length = 0;
  });
  afterAll(() => server.close());
}

/** Puts a folder's files into a bucket under their names. */
export function upload(folder: string, bucket: string, prefix: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(folder, name)).isFile())
      server.put(bucket, `${prefix}/${name}`, readFileSync(join(folder, name)));
  }
}

/** What programs that use it need in their environment. */
export function env(): Record<string, string> {
  return {
    SPARKIFY_S3_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: 'eu-central-1',
  };
}

export function etl(cwd: string, bucket: string) {
  const flags = ['--log-data', `s3://${bucket}/log_data`, '--song-data', `s3://${bucket}/song_data`];
  mkdirSync(join(cwd, 'tmp'), { recursive: true });
  return sparkify(['etl', ...flags], { cwd, env: { ...env(), TMPDIR: join(cwd, 'tmp') } });
}

/** What loads left in their spools. */
export function spooled(tmp: string): string[] {
  const root = join(tmp, `sparkify-spool-${process.getuid?.() ?? 'user'}`);
  return existsSync(root) ? readdirSync(root) : [];
}

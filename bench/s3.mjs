// What does a load of 20,000 small objects from S3 cost, against merely fetching them with as many requests at a time?
// Needs an S3 server: SPARKIFY_TEST_S3=http://KEY:SECRET@HOST:PORT npm run bench:s3 [-- objects]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const objects = Number(process.argv[2] ?? 20_000);
const turns = 3;
const atOnce = 48;
if (process.env.SPARKIFY_TEST_S3 === undefined) throw new Error('SPARKIFY_TEST_S3 names no server.');
const { protocol, host, username, password } = new URL(process.env.SPARKIFY_TEST_S3);
const endpoint = `${protocol}//${host}`;
const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const sdk = new URL('../node_modules/@aws-sdk/client-s3/dist-cjs/index.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'sparkify-bench-'));
const bucket = `bench-${Date.now()}`;
const env = {
  ...process.env,
  SPARKIFY_S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: username,
  AWS_SECRET_ACCESS_KEY: password,
  AWS_REGION: 'us-east-1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};
Object.assign(process.env, env);

function run(args) {
  const began = performance.now();
  const done = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder, env });
  if (done.status !== 0) throw new Error(done.stderr);
  return (performance.now() - began) / 1000;
}

const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });

async function upload(from) {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(from, name)).isFile(),
  );
  let next = 0;
  const lane = async () => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: `song_data/${name}`,
          Body: readFileSync(join(from, name)),
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.versions.node}; ${objects} objects\n`,
  );
  run([
    program,
    'simulate',
    '--quiet',
    '--out',
    'made',
    '--users',
    '1',
    '--days',
    '1',
    '--songs',
    String(objects),
    '--song-files',
    'single',
  ]);
  await upload(join(folder, 'made/song_data'));
  writeFileSync(
    join(folder, 'fetch.mjs'),
    `import { GetObjectCommand, ListObjectsV2Command, S3Client } from '${sdk}';
     const client = new S3Client({ endpoint: '${endpoint}', region: 'us-east-1', forcePathStyle: true, requestHandler: { httpAgent: { maxSockets: ${atOnce} } } });
     const keys = [];
     for (let token; ; ) {
       const page = await client.send(new ListObjectsV2Command({ Bucket: '${bucket}', Prefix: 'song_data/', ContinuationToken: token }));
       keys.push(...page.Contents.map(({ Key }) => Key));
       if (!page.IsTruncated) break;
       token = page.NextContinuationToken;
     }
     let next = 0;
     const lane = async () => {
       for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
         const { Body } = await client.send(new GetObjectCommand({ Bucket: '${bucket}', Key: key }));
         await Body.transformToByteArray();
       }
     };
     await Promise.all(Array.from({ length: ${atOnce} }, lane));
     client.destroy();`,
  );
  const pairs = Array.from({ length: turns }, () => {
    for (const name of readdirSync(folder))
      if (name.startsWith('sparkify.')) rmSync(join(folder, name), { recursive: true });
    return [
      run([program, 'etl', '--quiet', '--song-data', `s3://${bucket}/song_data`]),
      run([join(folder, 'fetch.mjs')]),
    ];
  });
  const ratios = pairs.map(([load, fetch]) => load / fetch).sort((a, b) => a - b);
  console.log(`A load of ${objects} small objects, against fetching them ${atOnce} at a time`);
  console.log(
    `  ${ratios[1].toFixed(2)}x (${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}), ${pairs.map(([load, fetch]) => `${load.toFixed(1)} s against ${fetch.toFixed(1)} s`).join(', ')}; budget at most 1.5x`,
  );
  console.log(
    `  known objects again: ${run([program, 'etl', '--quiet', '--song-data', `s3://${bucket}/song_data`]).toFixed(1)} s`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

// Outlives a run against a cluster that was stopped or killed, and takes away what it had made there.
import { text } from 'node:stream/consumers';
import { s3Destination } from '../../../dist/sources/s3-destination.js';
import { redshiftSessions } from '../../../dist/warehouses/redshift/connection.js';

/** What was made stands in the first line; a second one says that the run took it away itself. */
const [made = '', done] = (await text(process.stdin)).trim().split('\n');
if (done === undefined && made !== '') await sweep(JSON.parse(made));

async function sweep({ server, s3, schemas, root }) {
  console.log(`The run was stopped; taking away ${schemas[0]}.`);
  const results = await Promise.allSettled([dropSchemas(server, schemas), removeObjects(root, s3)]);
  for (const { reason } of results)
    if (reason !== undefined) console.error(`Not taken away: ${reason.message}`);
  process.exitCode = results.some(({ status }) => status === 'rejected') ? 1 : 0;
}

async function dropSchemas(server, schemas) {
  const sessions = redshiftSessions({ ...server, schema: null }, Date.now);
  const session = await sessions.open('conformance, end');
  try {
    for (const schema of schemas) await session.run(`drop schema if exists ${schema} cascade`);
  } finally {
    await session.close();
    sessions.close();
  }
}

async function removeObjects(root, s3) {
  if (root === null) return;
  const destination = s3Destination(root, s3);
  const paths = [...(await destination.sizes()).keys()];
  await Promise.all(paths.map((path) => destination.remove(path)));
  await destination.close();
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';

type Answer = {
  Status: string;
  PhysicalResourceId: string;
  Reason?: string;
  Data?: unknown;
  RequestId: string;
};
type Limit = { usageLimitId: string; period: string; amount: number; breachAction: string };
type Call = readonly [string, Readonly<Record<string, unknown>>];

const source = readFileSync(new URL('../../lambda/redshift-serverless.cjs', import.meta.url), 'utf8');
const WORKGROUP = 'arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/1';
const monthly = { ResourceArn: WORKGROUP, Amount: '100', Period: 'monthly', BreachAction: 'deactivate' };

/** AWS's side, as its API reference tells it; the function's own client is not in this package. */
function redshiftServerless(limits: Limit[], calls: Call[]) {
  return class RedshiftServerless {
    async listUsageLimits(asked: Call[1]) {
      calls.push(['list', asked]);
      return { usageLimits: limits };
    }
    async createUsageLimit(asked: Call[1]) {
      calls.push(['create', asked]);
      return { usageLimit: { usageLimitId: 'new' } };
    }
    async updateUsageLimit(asked: Call[1]) {
      calls.push(['update', asked]);
      return { usageLimit: { usageLimitId: asked.usageLimitId } };
    }
    async deleteUsageLimit(asked: Call[1]) {
      calls.push(['delete', asked]);
      if (!limits.some(({ usageLimitId }) => usageLimitId === asked.usageLimitId))
        throw Object.assign(new Error('gone'), { name: 'ResourceNotFoundException' });
    }
    async getNamespace({ namespaceName }: { namespaceName: string }) {
      if (namespaceName !== 'sparkify')
        throw Object.assign(new Error('no such namespace'), { name: 'AccessDenied' });
      return { namespace: { adminPasswordSecretArn: 'arn:secret' } };
    }
  };
}

/** What CloudFormation hears, and what was asked of AWS. */
async function call(
  event: Readonly<Record<string, unknown>>,
  limits: Limit[] = [],
): Promise<[Answer, Call[]]> {
  const calls: Call[] = [];
  const scope = { handler: async (_event: unknown) => {} };
  const quiet = { error: () => {} };
  new Function('require', 'exports', 'console', source)(
    () => ({ RedshiftServerless: redshiftServerless(limits, calls) }),
    scope,
    quiet,
  );
  const heard: string[] = [];
  const server = createServer(async (request, response) => {
    heard.push(request.method ?? '', (await request.toArray()).join(''));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ResponseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
  try {
    await scope.handler({
      ResourceType: 'Custom::UsageLimit',
      StackId: 's',
      RequestId: 'r',
      LogicalResourceId: 'l',
      ResponseURL,
      ...event,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  assert.equal(heard[0], 'PUT');
  return [JSON.parse(heard[1] ?? ''), calls];
}

const there: Limit = { usageLimitId: 'old', period: 'monthly', amount: 50, breachAction: 'log' };

describe('the function behind the usage limit', () => {
  test('makes the limit, with its amount as a number', async () => {
    const [answer, calls] = await call({ RequestType: 'Create', ResourceProperties: monthly });
    assert.deepEqual(answer, {
      Status: 'SUCCESS',
      PhysicalResourceId: 'new',
      StackId: 's',
      RequestId: 'r',
      LogicalResourceId: 'l',
    });
    assert.deepEqual(calls.at(-1), [
      'create',
      {
        resourceArn: WORKGROUP,
        usageType: 'serverless-compute',
        period: 'monthly',
        amount: 100,
        breachAction: 'deactivate',
      },
    ]);
  });

  test('changes the one that is there, also if it was made unheard', async () => {
    for (const RequestType of ['Create', 'Update']) {
      const [answer, calls] = await call({ RequestType, ResourceProperties: monthly }, [there]);
      assert.equal(answer.PhysicalResourceId, 'old');
      assert.deepEqual(calls.at(-1), [
        'update',
        { usageLimitId: 'old', amount: 100, breachAction: 'deactivate' },
      ]);
    }
  });

  test('makes another one for another period; CloudFormation then has the former one removed', async () => {
    const daily = { ...monthly, Period: 'daily' };
    const [answer] = await call(
      { RequestType: 'Update', PhysicalResourceId: 'old', ResourceProperties: daily },
      [there],
    );
    assert.equal(answer.PhysicalResourceId, 'new');
  });

  test('removes it, and does not mind if it is gone', async () => {
    for (const limits of [[there], []]) {
      const [answer, calls] = await call(
        { RequestType: 'Delete', PhysicalResourceId: 'old', ResourceProperties: monthly },
        limits,
      );
      assert.equal(answer.Status, 'SUCCESS');
      assert.deepEqual(calls, [['delete', { usageLimitId: 'old' }]]);
    }
  });

  test('removes nothing where making it had failed', async () => {
    const [answer, calls] = await call({
      RequestType: 'Delete',
      PhysicalResourceId: 'not-made',
      ResourceProperties: monthly,
    });
    assert.equal(answer.Status, 'SUCCESS');
    assert.deepEqual(calls, []);
  });

  test('finds the ARN of the secret', async () => {
    const [answer] = await call({
      ResourceType: 'Custom::AdminSecret',
      RequestType: 'Create',
      ResourceProperties: { NamespaceName: 'sparkify' },
    });
    assert.deepEqual(answer.Data, { Arn: 'arn:secret' });
  });

  test('says what failed instead of leaving CloudFormation to wait', async () => {
    const [answer] = await call({
      ResourceType: 'Custom::AdminSecret',
      RequestType: 'Create',
      ResourceProperties: { NamespaceName: 'other' },
    });
    assert.deepEqual(
      [answer.Status, answer.Reason, answer.PhysicalResourceId],
      ['FAILED', 'AccessDenied: no such namespace', 'not-made'],
    );
  });
});

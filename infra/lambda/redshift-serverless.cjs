// Two things of Redshift Serverless that CloudFormation has no words for: a usage limit, and the name of the secret.
const { RedshiftServerless } = require('@aws-sdk/client-redshift-serverless');

const USAGE_TYPE = 'serverless-compute';
const NOT_MADE = 'not-made';

/** Answers CloudFormation: whatever happens, it hears of it, for it would wait an hour otherwise. */
exports.handler = async (event) => {
  const { StackId, RequestId, LogicalResourceId } = event;
  let answer;
  try {
    const resource = event.ResourceType === 'Custom::UsageLimit' ? usageLimit : adminSecret;
    answer = { Status: 'SUCCESS', ...(await resource(new RedshiftServerless(), event)) };
  } catch (error) {
    console.error(error);
    const PhysicalResourceId = event.PhysicalResourceId ?? NOT_MADE;
    answer = {
      Status: 'FAILED',
      Reason: `${error.name}: ${error.message}`.slice(0, 1000),
      PhysicalResourceId,
    };
  }
  const response = await fetch(event.ResponseURL, {
    method: 'PUT',
    headers: { 'content-type': '' },
    body: JSON.stringify({ StackId, RequestId, LogicalResourceId, ...answer }),
  });
  if (!response.ok) throw new Error(`CloudFormation took no answer: HTTP ${response.status}`);
};

async function usageLimit(client, { RequestType, PhysicalResourceId, ResourceProperties: wanted }) {
  if (RequestType === 'Delete') {
    if (PhysicalResourceId !== NOT_MADE)
      await unlessGone(client.deleteUsageLimit({ usageLimitId: PhysicalResourceId }));
    return { PhysicalResourceId };
  }
  // A limit of this period may be there from an attempt that CloudFormation did not hear of.
  const { usageLimits } = await client.listUsageLimits({
    resourceArn: wanted.ResourceArn,
    usageType: USAGE_TYPE,
  });
  const there = usageLimits.find(({ period }) => period === wanted.Period);
  const amount = Number(wanted.Amount);
  const breachAction = wanted.BreachAction;
  const answer = there
    ? await client.updateUsageLimit({ usageLimitId: there.usageLimitId, amount, breachAction })
    : await client.createUsageLimit({
        resourceArn: wanted.ResourceArn,
        usageType: USAGE_TYPE,
        period: wanted.Period,
        amount,
        breachAction,
      });
  return { PhysicalResourceId: answer.usageLimit.usageLimitId };
}

async function adminSecret(client, { RequestType, PhysicalResourceId, ResourceProperties: wanted }) {
  if (RequestType === 'Delete') return { PhysicalResourceId };
  const { namespace } = await client.getNamespace({ namespaceName: wanted.NamespaceName });
  const Arn = namespace.adminPasswordSecretArn;
  if (!Arn) throw new Error(`The namespace ${wanted.NamespaceName} has no managed password`);
  return { PhysicalResourceId: Arn, Data: { Arn } };
}

async function unlessGone(promise) {
  try {
    await promise;
  } catch (error) {
    if (error.name !== 'ResourceNotFoundException') throw error;
  }
}

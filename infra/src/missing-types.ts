import { readFileSync } from 'node:fs';
import { Aws, CustomResource, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';
import type { Warehouse } from './warehouse.ts';

/** From dist/src, where this runs. */
const SOURCE = new URL('../../lambda/redshift-serverless.cjs', import.meta.url);
/** How long CloudFormation waits for an answer; an hour, if nothing is said. */
const PATIENCE = Duration.minutes(5);

/** The ARN of the admin's secret; and a limit on RPU-hours. CloudFormation has a type for neither, so a small function does both. */
export function usageLimitAndSecret(
  scope: Construct,
  settings: Settings,
  { namespace, workgroup }: Warehouse,
): string {
  const serviceToken = helper(scope, namespace.attrNamespaceNamespaceArn).functionArn;
  new CustomResource(scope, 'UsageLimit', {
    resourceType: 'Custom::UsageLimit',
    serviceToken,
    serviceTimeout: PATIENCE,
    properties: {
      ResourceArn: workgroup.attrWorkgroupWorkgroupArn,
      Amount: settings.usageLimitRpuHours,
      Period: settings.usageLimitPeriod,
      BreachAction: settings.usageLimitAction,
    },
  });
  const secret = new CustomResource(scope, 'AdminSecret', {
    resourceType: 'Custom::AdminSecret',
    serviceToken,
    serviceTimeout: PATIENCE,
    properties: { NamespaceName: namespace.ref },
  });
  return secret.getAttString('Arn');
}

function helper(scope: Construct, namespaceArn: string): LambdaFunction {
  const logGroup = new LogGroup(scope, 'HelperLog', {
    retention: RetentionDays.TWO_WEEKS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // The policy is part of the role, so that it is there before the first call and goes after the last.
  const role = new Role(scope, 'HelperRole', {
    description: 'Sets the usage limit of the Sparkify warehouse',
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      work: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'Limit',
            // AWS knows no resource for these actions: only "*" has an effect.
            actions: [
              'redshift-serverless:ListUsageLimits',
              'redshift-serverless:CreateUsageLimit',
              'redshift-serverless:UpdateUsageLimit',
              'redshift-serverless:DeleteUsageLimit',
            ],
            resources: ['*'],
            conditions: { StringEquals: { 'aws:RequestedRegion': Aws.REGION } },
          }),
          new PolicyStatement({
            sid: 'FindSecret',
            actions: ['redshift-serverless:GetNamespace'],
            resources: [namespaceArn],
          }),
          new PolicyStatement({
            sid: 'Log',
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logGroup.logGroupArn],
          }),
        ],
      }),
    },
  });
  return new LambdaFunction(scope, 'Helper', {
    description: 'What CloudFormation has no type for: usage limit, ARN of the admin secret',
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline(readFileSync(SOURCE, 'utf8')),
    role,
    logGroup,
    timeout: Duration.minutes(1),
  });
}

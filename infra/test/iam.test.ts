import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readable, synthesise } from './synthesise.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

const LISTED = 'StringLike: s3:prefix: log_data/*, song_data/*, staging/*';
const DATA = '[Data.Arn]/log_data/*, [Data.Arn]/song_data/*, [Data.Arn]/staging/*';
const WHOLE_BUCKET = '[Data.Arn], [Data.Arn]/*';
const FROM_HERE =
  'StringEquals: aws:SourceAccount: [AWS::AccountId]; ArnLike: aws:SourceArn: arn:[AWS::Partition]';
const WORKGROUPS = `${FROM_HERE}:redshift-serverless:[AWS::Region]:[AWS::AccountId]:workgroup/*`;
const CLUSTERS = `${FROM_HERE}:redshift:[AWS::Region]:[AWS::AccountId]:cluster:*`;

/** Everything that anybody may do. A right that is not here fails, and so does a line here that nobody needs. */
const allowed = [
  `CopyRole | Allow | sts:AssumeRole | | Service: redshift-serverless.amazonaws.com | ${WORKGROUPS}`,
  `CopyRole | Allow | sts:AssumeRole | | Service: redshift.amazonaws.com | ${CLUSTERS}`,
  `CopyRole | Allow | s3:ListBucket | [Data.Arn] | | ${LISTED}`,
  'CopyRole | Allow | s3:GetBucketLocation | [Data.Arn] | |',
  `CopyRole | Allow | s3:GetObject | ${DATA} | |`,

  `UnloadRole | Allow | sts:AssumeRole | | Service: redshift-serverless.amazonaws.com | ${WORKGROUPS}`,
  `UnloadRole | Allow | sts:AssumeRole | | Service: redshift.amazonaws.com | ${CLUSTERS}`,
  'UnloadRole | Allow | s3:ListBucket | [Data.Arn] | | StringLike: s3:prefix: export/*',
  'UnloadRole | Allow | s3:GetBucketLocation | [Data.Arn] | |',
  'UnloadRole | Allow | s3:GetObject, s3:PutObject, s3:AbortMultipartUpload | [Data.Arn]/export/* | |',

  `LoaderPolicy | Allow | s3:ListBucket | [Data.Arn] | | ${LISTED}`,
  `LoaderPolicy | Allow | s3:GetObject | ${DATA} | |`,
  'LoaderPolicy | Allow | s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload | [Data.Arn]/staging/* | |',
  'LoaderPolicy | Allow | redshift-serverless:GetCredentials | [Workgroup.Workgroup.WorkgroupArn] | |',
  'LoaderPolicy | Allow | secretsmanager:GetSecretValue | [AdminSecret.Arn] | |',

  'HelperRole | Allow | sts:AssumeRole | | Service: lambda.amazonaws.com |',
  // The one "*": AWS knows no resource for these four actions.
  'HelperRole | Allow | redshift-serverless:ListUsageLimits, redshift-serverless:CreateUsageLimit, redshift-serverless:UpdateUsageLimit, redshift-serverless:DeleteUsageLimit | * | | StringEquals: aws:RequestedRegion: [AWS::Region]',
  'HelperRole | Allow | redshift-serverless:GetNamespace | [Namespace.Namespace.NamespaceArn] | |',
  'HelperRole | Allow | logs:CreateLogStream, logs:PutLogEvents | [HelperLog.Arn] | |',

  `DataPolicy | Deny | s3:* | ${WHOLE_BUCKET} | AWS: * | Bool: aws:SecureTransport: false`,
  `DataPolicy | Deny | s3:* | ${WHOLE_BUCKET} | AWS: * | NumericLessThan: s3:TlsVersion: 1.2`,
  `VpcToS3 | Allow | s3:ListBucket, s3:GetBucketLocation, s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload | ${WHOLE_BUCKET} | AWS: * | StringEquals: aws:PrincipalAccount: [AWS::AccountId]`,
];

const { template } = synthesise();
const resources = Object.entries(
  template.toJSON().Resources as Record<string, { Type: string; Properties?: unknown }>,
);
const statements = resources.flatMap(([id, { Properties }]) =>
  statementsIn(Properties).map((statement) => ({ id, statement })),
);

/** Every policy statement in a resource, wherever it stands. */
function statementsIn(value: unknown): Statement[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(statementsIn);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Statement' ? [inner as Statement | Statement[]].flat() : statementsIn(inner),
  );
}

function line(id: string, { Effect, Action, Resource, Principal, Condition }: Statement): string {
  return [
    readable({ Ref: id }).slice(1, -1),
    Effect,
    ...[Action, Resource, Principal, Condition].map(said),
  ].join('|');
}

function said(part: unknown): string {
  return part === undefined ? '' : readable(part);
}

function tight(text: string): string {
  return text.replaceAll(/\s*\|\s*/g, '|');
}

describe('rights', () => {
  test('are those of the list, each of them, and no other', () => {
    const found = statements.map(({ id, statement }) => line(id, statement));
    assert.deepEqual(found.sort(), allowed.map(tight).sort());
  });

  test('are given action by action: no allowed action has a wildcard, and none is said by what it is not', () => {
    for (const { id, statement } of statements) {
      assert.ok('Action' in statement && !('NotAction' in statement) && !('NotResource' in statement), id);
      if (statement.Effect === 'Allow') assert.doesNotMatch([statement.Action].flat().join(), /\*/, id);
    }
  });

  test('on everything ("*") are only those for which AWS knows no resource', () => {
    const onEverything = statements.filter(({ statement }) => [statement.Resource].flat().includes('*'));
    assert.deepEqual(
      onEverything.flatMap(({ statement }) => statement.Action),
      ['List', 'Create', 'Update', 'Delete'].map(
        (verb) => `redshift-serverless:${verb}UsageLimit${verb === 'List' ? 's' : ''}`,
      ),
    );
  });

  test('do not come by the back door: no policies of AWS, no other kind of principal or policy', () => {
    assert.doesNotMatch(JSON.stringify(resources), /ManagedPolicyArns|arn:aws[^"]*:policy\//);
    const kinds = resources.map(([, { Type }]) => Type).filter((type) => type.startsWith('AWS::IAM::'));
    assert.deepEqual(kinds.sort(), [
      'AWS::IAM::ManagedPolicy',
      'AWS::IAM::Role',
      'AWS::IAM::Role',
      'AWS::IAM::Role',
    ]);
  });

  test('of COPY write nothing, and those of UNLOAD stay below export/', () => {
    const of = (role: string) =>
      statements.filter(({ id, statement }) => id.startsWith(role) && statement.Resource !== undefined);
    for (const { statement } of of('CopyRole'))
      assert.doesNotMatch(String(statement.Action), /Put|Delete|Abort/);
    for (const { statement } of of('UnloadRole'))
      if (/Object|Upload/.test(String(statement.Action)))
        assert.equal(readable(statement.Resource), '[Data.Arn]/export/*');
  });

  test('of a loader that logs in by IAM hold no secret', () => {
    const { template: byIam } = synthesise({ loaderReadsSecret: false });
    assert.doesNotMatch(JSON.stringify(byIam.toJSON()), /secretsmanager:/);
    assert.match(readable(byIam.findOutputs('DwhCfg').DwhCfg?.Value), /AUTH = iam\nWORKGROUP = sparkify\n/);
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CfnResource, Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { readable, strictApp, synthesise } from './synthesise.ts';

const { assembly, template } = synthesise();
const ACCOUNT = { account: '123456789012', region: 'us-west-2' };
const GIVEN = {
  vpcId: 'vpc-0a1b2c3d',
  subnetIds: 'subnet-0a1b2c3a, subnet-0a1b2c3b, subnet-0a1b2c3c',
  allowedCidr: '10.1.0.0/16',
};

describe('synthesis', () => {
  test('asks AWS nothing, with and without account and Region', () => {
    assert.equal(assembly.manifest.missing, undefined);
    assert.equal(synthesise(ACCOUNT).assembly.manifest.missing, undefined);
  });

  test('has nothing to upload but the template', () => {
    const { files, dockerImages } = JSON.parse(
      readFileSync(join(assembly.directory, 'Warehouse.assets.json'), 'utf8'),
    );
    assert.deepEqual(
      Object.values(files).map((file) => (file as { source: { path: string } }).source.path),
      ['Warehouse.template.json'],
    );
    assert.deepEqual(dockerImages, {});
  });

  test('agrees with the schemas of CloudFormation, which know a wrong property when they see one', () => {
    const report = JSON.parse(readFileSync(join(assembly.directory, 'validation-report.json'), 'utf8'));
    assert.deepEqual(report.pluginReports, []);
    const app = strictApp();
    new CfnResource(new Stack(app, 'Wrong'), 'Wrong', {
      type: 'AWS::RedshiftServerless::Workgroup',
      properties: { WorkgroupName: 'sparkify', BaseCapacity: 'eight' },
    });
    assert.throws(() => app.synth(), /validation/i);
  });
});

describe('the bucket', () => {
  test('is closed to the public in all four ways', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
  });

  test('is encrypted, and refuses whoever comes without TLS', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  test('forgets what was staged, broken uploads and former versions', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Prefix: 'staging/', ExpirationInDays: 3, Status: 'Enabled' }),
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }),
          Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 }, Status: 'Enabled' }),
        ]),
      },
    });
  });

  test('never lets logs or songs expire', () => {
    const [bucket] = Object.values(template.findResources('AWS::S3::Bucket'));
    const rules = bucket?.Properties.LifecycleConfiguration.Rules as Record<string, unknown>[];
    for (const rule of rules.filter((rule) => 'ExpirationInDays' in rule))
      assert.equal(rule.Prefix, 'staging/');
  });

  test('stays when the stack goes or gives it another name: its logs cannot be made again', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the warehouse', () => {
  test('is reached from its own VPC only, on one port', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      PubliclyAccessible: false,
      EnhancedVpcRouting: true,
      Port: 5439,
    });
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [
        {
          CidrIp: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Vpc'), 'CidrBlock'] },
          FromPort: 5439,
          ToPort: 5439,
          IpProtocol: 'tcp',
          Description: 'SQL clients',
        },
      ],
      SecurityGroupEgress: [Match.objectLike({ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' })],
    });
  });

  test('lies where no way leads to or from the internet, in three zones', () => {
    for (const type of ['InternetGateway', 'NatGateway', 'EIP', 'Route'])
      template.resourceCountIs(`AWS::EC2::${type}`, 0);
    template.resourcePropertiesCountIs('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false }, 3);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
    const zones = Object.values(template.findResources('AWS::EC2::Subnet')).map((subnet) =>
      JSON.stringify(subnet.Properties.AvailabilityZone),
    );
    assert.equal(new Set(zones).size, 3);
  });

  test('wants TLS and ends statements that run for longer than an hour', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      ConfigParameters: [
        { ParameterKey: 'require_ssl', ParameterValue: 'true' },
        { ParameterKey: 'max_query_execution_time', ParameterValue: '3600' },
      ],
    });
  });

  test('keeps its password out of the template', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Namespace', {
      ManageAdminPassword: true,
      AdminUserPassword: Match.absent(),
    });
  });

  test('knows both roles, and reads with the one for COPY unless told otherwise', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Namespace', {
      IamRoles: [
        { 'Fn::GetAtt': [Match.stringLikeRegexp('^CopyRole'), 'Arn'] },
        { 'Fn::GetAtt': [Match.stringLikeRegexp('^UnloadRole'), 'Arn'] },
      ],
      DefaultIamRoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^CopyRole'), 'Arn'] },
    });
  });

  test('leaves a snapshot for a week, or none', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Namespace', {
      FinalSnapshotName: 'sparkify-final',
      FinalSnapshotRetentionPeriod: 7,
    });
    synthesise({ finalSnapshotDays: 0 }).template.hasResourceProperties(
      'AWS::RedshiftServerless::Namespace',
      {
        FinalSnapshotName: Match.absent(),
      },
    );
  });
});

describe('cost', () => {
  test('is bounded: 8 to 16 RPU, 100 RPU-hours a month, then queries are turned off', () => {
    template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      BaseCapacity: 8,
      MaxCapacity: 16,
    });
    template.resourceCountIs('Custom::UsageLimit', 1);
    template.hasResourceProperties('Custom::UsageLimit', {
      ResourceArn: { 'Fn::GetAtt': ['Workgroup', 'Workgroup.WorkgroupArn'] },
      Amount: 100,
      Period: 'monthly',
      BreachAction: 'deactivate',
    });
  });

  test('follows the settings', () => {
    const { template: other } = synthesise({
      baseRpu: '32',
      maxRpu: 64,
      usageLimitRpuHours: 20,
      usageLimitPeriod: 'daily',
      usageLimitAction: 'emit-metric',
    });
    other.hasResourceProperties('AWS::RedshiftServerless::Workgroup', { BaseCapacity: 32, MaxCapacity: 64 });
    other.hasResourceProperties('Custom::UsageLimit', {
      Amount: 20,
      Period: 'daily',
      BreachAction: 'emit-metric',
    });
  });

  test('has nothing in it that runs by the hour', () => {
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(
      ({ Type }) => Type,
    );
    assert.deepEqual([...new Set(types)].sort(), [
      'AWS::EC2::RouteTable',
      'AWS::EC2::SecurityGroup',
      'AWS::EC2::Subnet',
      'AWS::EC2::SubnetRouteTableAssociation',
      'AWS::EC2::VPC',
      'AWS::EC2::VPCEndpoint',
      'AWS::IAM::ManagedPolicy',
      'AWS::IAM::Role',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::RedshiftServerless::Namespace',
      'AWS::RedshiftServerless::Workgroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'Custom::AdminSecret',
      'Custom::UsageLimit',
    ]);
  });
});

describe('a VPC that is there', () => {
  test('is used as it is, and only the given addresses may connect', () => {
    const { template: given } = synthesise(GIVEN);
    given.resourceCountIs('AWS::EC2::VPC', 0);
    given.resourceCountIs('AWS::EC2::VPCEndpoint', 0);
    given.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      SubnetIds: ['subnet-0a1b2c3a', 'subnet-0a1b2c3b', 'subnet-0a1b2c3c'],
      PubliclyAccessible: false,
    });
    given.hasResourceProperties('AWS::EC2::SecurityGroup', {
      VpcId: 'vpc-0a1b2c3d',
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.1.0.0/16', FromPort: 5439, ToPort: 5439 })],
    });
  });
});

describe('the outputs', () => {
  test('hold a dwh.cfg that is ready to use, with no password in it', () => {
    const text = readable(template.findOutputs('DwhCfg').DwhCfg?.Value);
    assert.equal(
      text,
      `[CLUSTER]
HOST = [Workgroup.Workgroup.Endpoint.Address]
DB_NAME = sparkify
DB_PORT = 5439

[IAM_ROLE]
ARN = [CopyRole.Arn]

[REDSHIFT]
AUTH = secret
SECRET = [AdminSecret.Arn]
WORKGROUP = sparkify

[S3]
LOG_DATA = s3://[Data]/log_data/
SONG_DATA = s3://[Data]/song_data/
STAGING = s3://[Data]/staging/
REGION = [AWS::Region]`,
    );
  });
});

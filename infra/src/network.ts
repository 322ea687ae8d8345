import { Aws, Stack } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Network, Settings } from './settings.ts';

export const PORT = 5439;

export interface Place {
  readonly subnetIds: string[];
  readonly securityGroup: ISecurityGroup;
}

/** Where the warehouse lies in the network, and who may connect to it. */
export function place(scope: Construct, { network }: Settings, bucket: IBucket): Place {
  if (network.kind === 'made') {
    const vpc = madeVpc(scope, network, bucket);
    return {
      subnetIds: vpc.isolatedSubnets.map(({ subnetId }) => subnetId),
      securityGroup: door(scope, vpc, network.allowedCidr ?? vpc.vpcCidrBlock),
    };
  }
  const { availabilityZones } = Stack.of(scope);
  const vpc = Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: network.vpcId, availabilityZones });
  return { subnetIds: [...network.subnetIds], securityGroup: door(scope, vpc, network.allowedCidr) };
}

function door(scope: Construct, vpc: IVpc, from: string): SecurityGroup {
  const group = new SecurityGroup(scope, 'Door', {
    vpc,
    description: 'Who may connect to the Sparkify warehouse',
    allowAllOutbound: false,
  });
  group.addIngressRule(Peer.ipv4(from), Port.tcp(PORT), 'SQL clients');
  // S3's addresses are a list that differs per Region; in the VPC that is made, routes lead to nothing else.
  group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'COPY and UNLOAD reach S3');
  return group;
}

/** Three subnets with one way out: to this bucket. Nothing in it costs by the hour. */
function madeVpc(scope: Construct, network: Extract<Network, { kind: 'made' }>, bucket: IBucket): Vpc {
  const vpc = new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr(network.vpcCidr),
    maxAzs: 3,
    natGateways: 0,
    subnetConfiguration: [{ name: 'warehouse', subnetType: SubnetType.PRIVATE_ISOLATED }],
    restrictDefaultSecurityGroup: false,
  });
  vpc.addGatewayEndpoint('ToS3', { service: GatewayVpcEndpointAwsService.S3 }).addToPolicy(
    new PolicyStatement({
      sid: 'OnlyThisBucket',
      principals: [new AnyPrincipal()],
      actions: [
        's3:ListBucket',
        's3:GetBucketLocation',
        's3:GetObject',
        's3:PutObject',
        's3:DeleteObject',
        's3:AbortMultipartUpload',
      ],
      resources: [bucket.bucketArn, bucket.arnForObjects('*')],
      conditions: { StringEquals: { 'aws:PrincipalAccount': Aws.ACCOUNT_ID } },
    }),
  );
  return vpc;
}

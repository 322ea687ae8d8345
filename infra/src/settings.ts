import { cidr, type Get, list, oneOf, optional, rpu, SettingError, whole, yesOrNo } from './value-kinds.ts';

/** What can be chosen; every value has a default that is safe and small. */
export interface Settings {
  readonly stackName: string;
  /** Null: where the credentials of the one who deploys point to. */
  readonly account: string | null;
  readonly region: string | null;
  /** Null: CloudFormation makes up a name that nobody else has. */
  readonly bucketName: string | null;
  readonly namespaceName: string;
  readonly workgroupName: string;
  readonly databaseName: string;
  readonly adminName: string;
  readonly baseRpu: number;
  /** What the workgroup may grow to under load. */
  readonly maxRpu: number;
  readonly usageLimitRpuHours: number;
  readonly usageLimitPeriod: 'daily' | 'weekly' | 'monthly';
  readonly usageLimitAction: 'deactivate' | 'emit-metric' | 'log';
  readonly maxQuerySeconds: number;
  readonly network: Network;
  readonly publiclyAccessible: boolean;
  readonly enhancedVpcRouting: boolean;
  readonly loaderReadsSecret: boolean;
  readonly stagingDays: number;
  readonly formerVersionDays: number;
  /** How long the snapshot lives that is taken when the namespace goes; 0: none is taken. */
  readonly finalSnapshotDays: number;
}

/** Each with the addresses that may open a connection to the warehouse. */
export type Network =
  | {
      readonly kind: 'made';
      readonly vpcCidr: string;
      readonly availabilityZones: readonly string[] | null;
      /** Null: the whole of the VPC. */
      readonly allowedCidr: string | null;
    }
  | {
      readonly kind: 'given';
      readonly vpcId: string;
      readonly subnetIds: readonly string[];
      readonly allowedCidr: string;
    };

const PREFIX = 'sparkify:';
const SERVERLESS_NAME = [/^[a-z0-9-]{3,64}$/, '3 to 64 of a-z, 0-9 and -'] as const;
const SQL_NAME = [/^[a-z_][a-z0-9_]{0,63}$/, 'a name of a-z, 0-9 and _'] as const;

/** Reads `sparkify:<name>` from the app's context (`cdk deploy -c sparkify:baseRpu=16`, or cdk.json), and refuses names that it does not know. */
export function readSettings(lookup: (name: string) => unknown, given: readonly string[] = []): Settings {
  const known = new Set<string>();
  const get: Get = (name) => {
    known.add(name);
    const value = lookup(PREFIX + name);
    if (value === undefined || value === null || value === '') return undefined;
    return Array.isArray(value) ? value.join(',') : String(value);
  };
  const settings = settingsFrom(get);
  for (const key of given) {
    if (key.startsWith(PREFIX) && !known.has(key.slice(PREFIX.length)))
      throw new SettingError(`There is no setting ${key}. These exist: ${[...known].join(', ')}.`);
  }
  refuseContradictions(settings);
  return Object.freeze(settings);
}

function settingsFrom(get: Get): Settings {
  const baseRpu = rpu(get, 'baseRpu', 8);
  return {
    stackName:
      optional(get, 'stackName', /^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'letters, digits and -') ?? 'sparkify',
    account: optional(get, 'account', /^\d{12}$/, '12 digits'),
    region: optional(get, 'region', /^[a-z]{2}(-[a-z]+)+-\d$/, 'a Region such as us-west-2'),
    bucketName: optional(get, 'bucketName', /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, '3 to 63 of a-z, 0-9 and -'),
    namespaceName: optional(get, 'namespaceName', ...SERVERLESS_NAME) ?? 'sparkify',
    workgroupName: optional(get, 'workgroupName', ...SERVERLESS_NAME) ?? 'sparkify',
    databaseName: optional(get, 'databaseName', ...SQL_NAME) ?? 'sparkify',
    adminName: optional(get, 'adminName', ...SQL_NAME) ?? 'sparkify_admin',
    baseRpu,
    maxRpu: rpu(get, 'maxRpu', Math.max(16, baseRpu)),
    usageLimitRpuHours: whole(get, 'usageLimitRpuHours', 100, 1, 1_000_000),
    usageLimitPeriod: oneOf(get, 'usageLimitPeriod', ['monthly', 'weekly', 'daily']),
    usageLimitAction: oneOf(get, 'usageLimitAction', ['deactivate', 'emit-metric', 'log']),
    maxQuerySeconds: whole(get, 'maxQuerySeconds', 3600, 1, 86_399),
    network: network(get),
    publiclyAccessible: yesOrNo(get, 'publiclyAccessible', false),
    enhancedVpcRouting: yesOrNo(get, 'enhancedVpcRouting', true),
    loaderReadsSecret: yesOrNo(get, 'loaderReadsSecret', true),
    stagingDays: whole(get, 'stagingDays', 3, 1, 365),
    formerVersionDays: whole(get, 'formerVersionDays', 30, 1, 3650),
    finalSnapshotDays: whole(get, 'finalSnapshotDays', 7, 0, 3653),
  };
}

function refuseContradictions(settings: Settings): void {
  if (settings.maxRpu < settings.baseRpu)
    throw new SettingError(`maxRpu is ${settings.maxRpu}: it must be at least baseRpu, ${settings.baseRpu}.`);
  if (settings.publiclyAccessible && settings.network.kind === 'made')
    throw new SettingError(
      'publiclyAccessible is true, but the VPC that is made has no way to the internet: set vpcId and subnetIds.',
    );
}

function network(get: Get): Network {
  const zone = /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/;
  const made = {
    vpcCidr: cidr(get, 'vpcCidr'),
    availabilityZones: list(get, 'availabilityZones', zone, 'zones such as us-west-2a'),
  };
  const vpcId = optional(get, 'vpcId', /^vpc-[0-9a-f]{8,17}$/, 'an id such as vpc-0a1b2c3d');
  const subnetIds = list(get, 'subnetIds', /^subnet-[0-9a-f]{8,17}$/, 'ids such as subnet-0a1b2c3d');
  const allowedCidr = cidr(get, 'allowedCidr');
  if (vpcId === null && subnetIds === null)
    return { kind: 'made', ...made, vpcCidr: made.vpcCidr ?? '10.20.0.0/22', allowedCidr };
  if (vpcId === null || subnetIds === null)
    throw new SettingError('vpcId and subnetIds belong together: set both, or neither to have a VPC made.');
  if (made.vpcCidr !== null || made.availabilityZones !== null)
    throw new SettingError(
      'vpcCidr and availabilityZones are for a VPC that is made: leave them out with vpcId.',
    );
  if (allowedCidr === null)
    throw new SettingError(
      'allowedCidr is not set: with vpcId, say which addresses may connect (10.0.0.0/16).',
    );
  return { kind: 'given', vpcId, subnetIds, allowedCidr };
}

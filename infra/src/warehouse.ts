import type { IRole } from 'aws-cdk-lib/aws-iam';
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import type { Construct } from 'constructs';
import { type Place, PORT } from './network.ts';
import type { Settings } from './settings.ts';

interface What {
  readonly settings: Settings;
  readonly place: Place;
  readonly copyRole: IRole;
  readonly unloadRole: IRole;
}

export interface Warehouse {
  readonly namespace: CfnNamespace;
  readonly workgroup: CfnWorkgroup;
}

/** The namespace holds the data, the workgroup computes; no computing, no cost but storage. */
export function warehouse(scope: Construct, { settings, place, copyRole, unloadRole }: What): Warehouse {
  const namespace = new CfnNamespace(scope, 'Namespace', {
    namespaceName: settings.namespaceName,
    dbName: settings.databaseName,
    adminUsername: settings.adminName,
    // Redshift makes the password, keeps it in Secrets Manager and changes it; it is in no template and no log.
    manageAdminPassword: true,
    iamRoles: [copyRole.roleArn, unloadRole.roleArn],
    defaultIamRoleArn: copyRole.roleArn,
    ...(settings.finalSnapshotDays === 0
      ? {}
      : {
          finalSnapshotName: `${settings.namespaceName}-final`,
          finalSnapshotRetentionPeriod: settings.finalSnapshotDays,
        }),
  });
  const workgroup = new CfnWorkgroup(scope, 'Workgroup', {
    workgroupName: settings.workgroupName,
    namespaceName: namespace.ref,
    baseCapacity: settings.baseRpu,
    maxCapacity: settings.maxRpu,
    port: PORT,
    publiclyAccessible: settings.publiclyAccessible,
    // COPY and UNLOAD stay within the VPC, where the endpoint's policy lets them reach one bucket only.
    enhancedVpcRouting: settings.enhancedVpcRouting,
    subnetIds: place.subnetIds,
    securityGroupIds: [place.securityGroup.securityGroupId],
    configParameters: [
      { parameterKey: 'require_ssl', parameterValue: 'true' },
      { parameterKey: 'max_query_execution_time', parameterValue: String(settings.maxQuerySeconds) },
    ],
  });
  return { namespace, workgroup };
}

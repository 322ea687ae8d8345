import { CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { dataBucket } from './bucket.ts';
import { dwhCfg } from './dwh-cfg.ts';
import { loaderPolicy } from './loader-policy.ts';
import { usageLimitAndSecret } from './missing-types.ts';
import { PORT, place } from './network.ts';
import { EXPORT } from './prefixes.ts';
import { copyRole, unloadRole } from './roles.ts';
import type { Settings } from './settings.ts';
import { warehouse } from './warehouse.ts';

/** All that the Sparkify warehouse needs of AWS. */
export class WarehouseStack extends Stack {
  readonly #zones: readonly string[] | null;

  constructor(scope: Construct, settings: Settings) {
    super(scope, 'Warehouse', {
      stackName: settings.stackName,
      description: 'The Sparkify warehouse: S3, roles, Amazon Redshift Serverless',
      env: {
        ...(settings.account === null ? {} : { account: settings.account }),
        ...(settings.region === null ? {} : { region: settings.region }),
      },
      tags: { application: 'sparkify' },
    });
    this.#zones = settings.network.kind === 'made' ? settings.network.availabilityZones : null;

    const bucket = dataBucket(this, settings);
    const copy = copyRole(this, bucket);
    const unload = unloadRole(this, bucket);
    const built = warehouse(this, {
      settings,
      place: place(this, settings, bucket),
      copyRole: copy,
      unloadRole: unload,
    });
    const adminSecretArn = usageLimitAndSecret(this, settings, built);
    const secretArn = settings.loaderReadsSecret ? adminSecretArn : null;
    const { workgroup } = built;
    const policy = loaderPolicy(this, {
      bucket,
      workgroupArn: workgroup.attrWorkgroupWorkgroupArn,
      secretArn,
    });

    const say = (name: string, description: string, value: string) =>
      new CfnOutput(this, name, { description, value });
    say(
      'DwhCfg',
      'dwh.cfg for sparkify',
      dwhCfg({
        host: workgroup.attrWorkgroupEndpointAddress,
        port: PORT,
        database: settings.databaseName,
        workgroup: settings.workgroupName,
        roleArn: copy.roleArn,
        secretArn,
        bucket: bucket.bucketName,
        region: this.region,
      }),
    );
    say('LoaderPolicyArn', 'To attach to the user or role that runs sparkify', policy.managedPolicyArn);
    say('UnloadRoleArn', 'The IAM_ROLE of UNLOAD', unload.roleArn);
    say('ExportPrefix', 'Where UNLOAD may write', bucket.s3UrlForObject(EXPORT));
    say('AdminSecretArn', 'User name and password of the admin', adminSecretArn);
  }

  /** Three, as Redshift Serverless wants, without asking AWS which there are. */
  override get availabilityZones(): string[] {
    return [...(this.#zones ?? [0, 1, 2].map((index) => Fn.select(index, Fn.getAzs())))];
  }
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSettings } from '../src/settings.ts';
import { SettingError } from '../src/value-kinds.ts';

function settings(given: Readonly<Record<string, unknown>>) {
  const context = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`sparkify:${name}`, value]),
  );
  return readSettings((name) => context[name], Object.keys(context));
}

const refused: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{ baseRpu: 12 }, /baseRpu is "12": it must be a multiple of 8/],
  [{ baseRpu: 64, maxRpu: 32 }, /maxRpu is 32: it must be at least baseRpu, 64/],
  [{ usageLimitRpuHours: 0 }, /usageLimitRpuHours is "0": it must be a whole number/],
  [{ usageLimitRpuHours: '1e3' }, /whole number/],
  [{ usageLimitAction: 'none' }, /one of deactivate, emit-metric, log/],
  [{ maxQuerySeconds: 86_400 }, /from 1 to 86399/],
  [{ allowedCidr: '0.0.0.0/0' }, /allowedCidr is "0.0.0.0\/0": it must be narrower/],
  [{ allowedCidr: '::/0' }, /IPv4/],
  [{ allowedCidr: '10.0.0.300/16' }, /IPv4/],
  [{ vpcId: 'vpc-0a1b2c3d' }, /vpcId and subnetIds belong together/],
  [
    { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3a,subnet-0a1b2c3b', allowedCidr: '10.0.0.0/8' },
    /three or more/,
  ],
  [
    { vpcId: 'vpc-0a1b2c3d', subnetIds: 'subnet-0a1b2c3a,subnet-0a1b2c3b,subnet-0a1b2c3c' },
    /allowedCidr is not set/,
  ],
  [
    {
      vpcId: 'vpc-0a1b2c3d',
      subnetIds: ['subnet-0a1b2c3a', 'subnet-0a1b2c3b', 'subnet-0a1b2c3c'],
      vpcCidr: '10.0.0.0/22',
    },
    /are for a VPC that is made/,
  ],
  [{ publiclyAccessible: true }, /no way to the internet/],
  [{ publiclyAccessible: 'yes' }, /true or false/],
  [{ bucketName: 'Sparkify' }, /bucketName is "Sparkify"/],
  [{ account: '123' }, /12 digits/],
  [{ baseRPU: 16 }, /There is no setting sparkify:baseRPU/],
];

describe('settings', () => {
  for (const [given, message] of refused) {
    test(`refuse ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => settings(given),
        (error) => error instanceof SettingError && message.test(error.message),
      );
    });
  }

  test('come as text from the command line and as values from cdk.json', () => {
    assert.deepEqual(settings({ baseRpu: '24', enhancedVpcRouting: 'false' }), {
      ...settings({}),
      baseRpu: 24,
      maxRpu: 24,
      enhancedVpcRouting: false,
    });
    const zones = ['us-west-2a', 'us-west-2b', 'us-west-2d'];
    assert.deepEqual(
      settings({ availabilityZones: zones }),
      settings({ availabilityZones: zones.join(', ') }),
    );
  });

  test('leave other context alone', () => {
    assert.doesNotThrow(() => readSettings(() => undefined, ['cli-telemetry', '@aws-cdk/core:anything']));
  });
});

import { App } from 'aws-cdk-lib';
import { readSettings } from './settings.ts';
import { SettingError } from './value-kinds.ts';
import { WarehouseStack } from './warehouse-stack.ts';

try {
  const app = new App({ analyticsReporting: false });
  const settings = readSettings(
    (name) => app.node.tryGetContext(name),
    Object.keys(app.node.getAllContext()),
  );
  new WarehouseStack(app, settings);
  app.synth();
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

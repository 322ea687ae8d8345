import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { readSettings } from '../src/settings.ts';
import { WarehouseStack } from '../src/warehouse-stack.ts';

export interface Synthesised {
  readonly assembly: CloudAssembly;
  readonly template: Template;
}

/** With errors, not warnings, where a template is at odds with the schemas that AWS publishes. */
const STRICT = { '@aws-cdk/core:validateAgainstDefaultRules': true };

/** The stack as `cdk synth` makes it, from settings without their `sparkify:`. */
export function synthesise(settings: Readonly<Record<string, unknown>> = {}): Synthesised {
  const app = strictApp();
  const stack = new WarehouseStack(
    app,
    readSettings((name) => settings[name.slice('sparkify:'.length)]),
  );
  return { assembly: app.synth(), template: Template.fromStack(stack) };
}

export function strictApp(): App {
  const outdir = mkdtempSync(join(tmpdir(), 'sparkify-infra-'));
  after(() => rmSync(outdir, { recursive: true, force: true }));
  return new App({ outdir, analyticsReporting: false, context: STRICT });
}

/** A value of the template as a reader says it: references in brackets, logical ids without their hash. */
export function readable(value: unknown): string {
  if (Array.isArray(value)) return value.map(readable).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const [[key, inner] = ['', null]] = Object.entries(value);
  if (key === 'Ref') return `[${named(String(inner))}]`;
  if (key === 'Fn::GetAtt' && Array.isArray(inner)) return `[${named(String(inner[0]))}.${inner[1]}]`;
  if (key === 'Fn::Join' && Array.isArray(inner)) return (inner[1] as unknown[]).map(readable).join(inner[0]);
  return Object.entries(value)
    .map(([name, part]) => `${name}: ${readable(part)}`)
    .join('; ');
}

function named(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}

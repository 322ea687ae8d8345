import type { FilePlan } from '../pipeline/plan/file-plan.ts';
import type { LoadSummary } from '../pipeline/record/load-summary.ts';
import { drawTable, formatBytes, formatCount, plural } from './format.ts';
import { printable } from './printable.ts';

export interface PlanJson {
  readonly status: 'planned';
  readonly warehouse: string;
  readonly warehouseExists: boolean;
  readonly files: LoadSummary['files'];
  readonly bytes: number;
  readonly load: readonly {
    kind: string;
    path: string;
    bytes: number;
    lines: number;
    why: 'new' | 'changed' | 'batch';
  }[];
  readonly tables: readonly string[];
}

/** What `etl --dry-run --json` prints. */
export function planJson(
  plans: readonly FilePlan[],
  files: LoadSummary['files'],
  warehouse: string,
  warehouseExists: boolean,
): PlanJson {
  const load = plans.flatMap(({ kind, load: toLoad }) =>
    toLoad.map(({ survey, why }) => ({
      kind,
      path: survey.file.path,
      bytes: survey.file.bytes,
      lines: survey.lines,
      why: why === 'again' ? ('batch' as const) : why,
    })),
  );
  const kinds = new Set(load.map(({ kind }) => kind));
  const touched = [
    ...(kinds.has('log') ? ['songplays', 'users', 'time'] : []),
    ...(kinds.has('song') ? ['songs', 'artists', 'songplays'] : []),
  ];
  return {
    status: 'planned',
    warehouse,
    warehouseExists,
    files,
    bytes: load.reduce((sum, { bytes }) => sum + bytes, 0),
    load,
    tables: [...new Set(touched)],
  };
}

const FILES_SHOWN = 12;

export function drawPlan(plan: PlanJson): string {
  const { files } = plan;
  const counts = `${plural(files.new, 'new file')}, ${formatCount(files.changed)} changed, ${formatCount(files.unchanged)} unchanged, ${formatCount(files.duplicate)} duplicate, ${formatCount(files.vanished)} vanished`;
  const name = printable(plan.warehouse);
  const where = plan.warehouseExists ? name : `${name}, which would be made`;
  const unread = files.named.unreadable.map(
    ({ path, reason }) => `unread  ${printable(path)}: ${printable(reason)}`,
  );
  const lines = [`${counts}; nothing was changed.`, ...unread];
  if (plan.load.length === 0) return [...lines, `A load into ${where} would write nothing.`].join('\n');
  const rows = plan.load
    .slice(0, FILES_SHOWN)
    .map(({ kind, path, bytes, lines: count, why }) => [
      why,
      kind,
      formatBytes(bytes),
      formatCount(count),
      printable(path),
    ]);
  const more =
    plan.load.length > FILES_SHOWN
      ? [`and ${formatCount(plan.load.length - FILES_SHOWN)} more; all with --json`]
      : [];
  return [
    ...lines,
    '',
    drawTable(['why', 'kind', 'size', 'lines', 'file'], rows, [false, false, true, true, false]),
    ...more,
    '',
    `A load would read ${formatBytes(plan.bytes)} into ${where} and touch ${plan.tables.join(', ')}.`,
  ].join('\n');
}

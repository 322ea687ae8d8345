import type { LoadEvent } from '../telemetry/events.ts';
import { formatBytes, formatCount, plural } from './format.ts';

/** An event of weight as a line of a log, `what` it is first; null for what the progress, a note or the error says. */
export function eventLine(event: LoadEvent): string | null {
  const text = textOf(event);
  return text === null ? null : `${event.type.padEnd(12)} ${text}`.trimEnd();
}

function textOf(event: LoadEvent): string | null {
  switch (event.type) {
    case 'started':
      return `${event.command} into ${event.warehouse}, run ${event.runId}`;
    case 'planned':
      return `${event.kind}s: ${plannedFiles(event)}; ${formatBytes(event.bytes)} to load`;
    case 'copied':
      return `${event.kind}s`;
    case 'staged':
      return `${event.kind}s: ${plural(event.lines, 'line')}, ${countsOf({
        staged: event.stagedRecords,
        rejected: event.rejectedRecords,
        blank: event.blankLines,
      })}; ${plural(event.files, 'file')}, ${formatBytes(event.bytes)}`;
    case 'deduplicated':
      return `${event.kind}s: ${countsOf({ duplicates: event.duplicates, conflicts: event.conflicts })}`;
    case 'built':
      return `${event.table}: ${plural(event.rows, 'row')}, ${countsOf({
        inserted: event.insertedRows,
        updated: event.updatedRows,
        deleted: event.deletedRows,
      })}`;
    case 'checked': {
      const { failures } = event;
      const which = failures.length === 0 ? '' : `: ${failures.join(', ')}`;
      return `${countsOf({ passed: event.passedChecks, failed: event.failedChecks })}${which}`;
    }
    case 'exported':
      return `${event.table} to ${event.location}: ${plural(event.rows, 'row')}, ${formatBytes(event.bytes)}`;
    case 'retrying':
      return `after attempt ${event.attempt}`;
    case 'committed':
      return event.runId === null ? '' : `run ${event.runId}`;
    case 'published':
      return event.warehouse;
    case 'failed':
      return `${event.error}${event.isCommitted ? ', after the commit' : ''}`;
    case 'committing':
      return '';
    default:
      return null;
  }
}

function plannedFiles(event: Extract<LoadEvent, { type: 'planned' }>): string {
  const counts = {
    new: event.newFiles,
    changed: event.changedFiles,
    unchanged: event.unchangedFiles,
    duplicate: event.duplicateFiles,
    moved: event.movedFiles,
    vanished: event.vanishedFiles,
    skipped: event.skippedFiles,
    unreadable: event.unreadableFiles,
  };
  const there = Object.entries(counts).filter(([, count]) => count > 0);
  return there.length === 0 ? 'no files' : countsOf(Object.fromEntries(there));
}

/** `3 new, 1 changed`. */
function countsOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${formatCount(count)} ${what}`)
    .join(', ');
}

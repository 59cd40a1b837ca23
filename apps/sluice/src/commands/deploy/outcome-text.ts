/** How a delivery ended, as text and exit code. Pure. */
import type { DeliveryProblemCode, DeployOutcome, DeployUntil, Undo } from '@sluice/helm';
import { exitCodes } from '../../exit-codes.ts';

export type OutcomeText = { readonly out: string; readonly err: string; readonly exitCode: number };

/** Problems of the request or of reaching the cluster: nothing was changed, nothing could be decided. */
const undecided: ReadonlySet<DeliveryProblemCode> = new Set([
  'CHART_NOT_FOUND',
  'CHART_INVALID',
  'LOCK_OUT_OF_DATE',
  'VALUES_NOT_FOUND',
  'VALUES_INVALID',
  'NAME_INVALID',
  'APPVERSION_INVALID',
  'CLUSTER_UNREACHABLE',
  'CLUSTER_REFUSED',
]);

/** @param asked - what the user asked to wait for; a pause is the aim with `paused`, and an open end with `healthy` */
export function outcomeText(release: string, outcome: DeployOutcome, asked: DeployUntil): OutcomeText {
  switch (outcome.kind) {
    case 'healthy':
      return { out: `done     ${release} revision ${outcome.revision} is healthy\n`, err: '', exitCode: exitCodes.done };
    case 'paused': {
      const lines = outcome.rollouts.map(
        ({ name, message, promoteCommand }) => `paused   ${name} waits for a person (${message}): ${promoteCommand}\n`,
      );
      return { out: lines.join(''), err: '', exitCode: asked === 'paused' ? exitCodes.done : exitCodes.waitsForPerson };
    }
    case 'cancelled':
      return { out: '', err: `${outcome.message}\n`, exitCode: exitCodes.cancelled };
    case 'failed': {
      const next = outcome.next === undefined ? '' : `  try: ${outcome.next}\n`;
      const text = `Error: ${outcome.message}\n${next}${undoText(release, outcome.undo)}`;
      return { out: '', err: text, exitCode: undecided.has(outcome.code) ? exitCodes.usage : exitCodes.failed };
    }
  }
}

function undoText(release: string, undo: Undo): string {
  switch (undo.kind) {
    case 'none':
      return '';
    case 'rolled-back':
      return `${release} is back at revision ${undo.toRevision} (recorded as revision ${undo.revision})${undo.isHealthy ? ' and healthy' : ', but it is not healthy again yet'}\n`;
    case 'uninstalled':
      return `${release} was uninstalled, since no earlier revision was good\n`;
    case 'undo-failed':
      return `going back failed: ${undo.message}\n`;
  }
}

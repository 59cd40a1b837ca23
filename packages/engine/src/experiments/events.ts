/** The Events of an Experiment: reasons, types and texts exactly as upstream's. */
import type { AnalysisPhase, TemplateStatusCode } from '@sluice/api';
import type { Note } from '../plan.ts';

const bad: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);

function transition(reason: string, phase: string, message: string): Note {
  return { type: bad.has(phase) ? 'Warning' : 'Normal', reason: `${reason}${phase}`, message };
}

function detailed(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** Phases that a thing came from are empty where it had none yet. */
export const experimentNotes = {
  phase: (from: string, to: AnalysisPhase): Note => transition('Experiment', to, `Experiment transitioned from ${from} -> ${to}`),
  template: (name: string, from: string, to: TemplateStatusCode, message: string): Note =>
    transition('Template', to, detailed(`Template '${name}' transitioned from ${from} -> ${to}`, message)),
  analysisRun: (name: string, from: string, to: AnalysisPhase, message: string): Note =>
    transition('AnalysisRun', to, detailed(`AnalysisRun '${name}' transitioned from ${from} -> ${to}`, message)),
  analysisRunTerminating: (name: string, run: string): Note => ({
    type: 'Normal',
    reason: 'AnalysisRunTerminating',
    message: `Terminating ${name} (${run})`,
  }),
  scaled: (replicaSet: string, from: number, to: number): Note => ({
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${from < to ? 'up' : 'down'} ReplicaSet ${replicaSet} from ${from} to ${to}`,
  }),
  scaleRefused: (replicaSet: string, from: number, to: number, problem: string): Note => ({
    type: 'Warning',
    reason: 'ReplicaSetUpdateError',
    message: `Failed to scale ${replicaSet} ${from < to ? 'up' : 'down'}: ${problem}`,
  }),
  /** Normal, as upstream tells it. */
  createRefused: (replicaSet: string, problem: string): Note => ({
    type: 'Normal',
    reason: 'ReplicaSetCreateError',
    message: `Failed to create new replica set "${replicaSet}": ${problem}`,
  }),
} as const;

/** What a delivery tells on the way, as text: lines that stay, and on a terminal a frame with the picture of its canaries. */
import type { Clock } from '@sluice/api';
import type { ChangePlan, DeployProgress, ObjectChange, ObjectHealth, PodEvidence } from '@sluice/helm';
import { canaryPicture, rolloutLine } from '@sluice/views';
import { deliveredRollouts } from '../../delivered-rollouts.ts';
import type { TextOutput } from '../../io.ts';
import { LiveFrame } from '../../live-frame.ts';

export interface DeployReport {
  tell(progress: DeployProgress): void;
  /** Before the outcome is printed. */
  close(): void;
}

export type ReportOptions = { readonly output: TextOutput; readonly color: boolean; readonly clock: Pick<Clock, 'now'> };

export function createReport(options: ReportOptions): DeployReport {
  return options.output.isTerminal ? liveReport(options) : plainReport(options);
}

function plainReport({ output, clock }: ReportOptions): DeployReport {
  let told = new Set<string>();
  return {
    tell: (progress) => {
      for (const line of progressLines(progress)) output.write(`${line}\n`);
      if (progress.kind !== 'health') return;
      const lines = healthLines(progress, clock);
      // Each line once, as long as it stays true.
      for (const line of lines) if (!told.has(line)) output.write(`wait     ${line}\n`);
      told = new Set(lines);
    },
    close: () => {},
  };
}

function liveReport({ output, color, clock }: ReportOptions): DeployReport {
  const frame = new LiveFrame(output);
  return {
    tell: (progress) => {
      for (const line of progressLines(progress)) frame.print(line);
      if (progress.kind !== 'health') return;
      const others = progress.health.objects.filter(({ ref, readiness }) => ref.kind !== 'Rollout' && readiness.state !== 'ready');
      frame.draw([
        ...deliveredRollouts(progress.facts, clock.now()).flatMap((view) => [
          '',
          ...canaryPicture(view, { width: output.columns - 1, color }),
        ]),
        ...others.map((object) => `  ${objectLine(object)}`),
        ...promoteHints(progress.health.objects),
      ]);
    },
    close: () => frame.release(),
  };
}

/** The lines of everything but health. */
function progressLines(progress: DeployProgress): readonly string[] {
  switch (progress.kind) {
    case 'rendered': {
      const appVersion = progress.appVersion === undefined ? '' : `, app version ${progress.appVersion}`;
      return [`render   chart ${progress.chart} ${progress.version}${appVersion}: ${objectCount(progress.objects)}`];
    }
    case 'planned':
      return planLines(progress.plan);
    case 'unchanged':
      return [`apply    nothing changed; revision ${progress.revision} stays`];
    case 'recovered':
      return [`apply    revision ${progress.revision} was left ${progress.status} by a run that is gone; it counts as failed now`];
    case 'applying':
      return [];
    case 'applied':
      return [`apply    revision ${progress.revision}`];
    case 'failed':
      return [`failed   ${progress.message}`, ...progress.evidence.flatMap(evidenceLines)];
    case 'undoing':
      return [`undo     ${progress.message}`];
    case 'health':
      return [];
  }
}

const marks: Readonly<Record<ObjectChange['kind'], string>> = { create: '+', change: '~', unchanged: ' ', delete: '-' };

function planLines(plan: ChangePlan): readonly string[] {
  const { create, change, unchanged, delete: deleted } = plan.counts;
  const parts = [
    ...(create > 0 ? [`${create} to create`] : []),
    ...(change > 0 ? [`${change} to change`] : []),
    ...(deleted > 0 ? [`${deleted} to delete`] : []),
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
  ];
  return [
    `plan     ${parts.length === 0 ? 'nothing' : parts.join(', ')}`,
    ...plan.objects
      .filter(({ kind }) => kind !== 'unchanged')
      .flatMap(({ kind, object, fields }) => [
        `  ${marks[kind]} ${object.kind} ${object.metadata.name ?? ''}`,
        ...fields.map(({ path, from, to }) => `      ${path}${changeText(from, to)}`),
      ]),
  ];
}

function changeText(from: string | undefined, to: string | undefined): string {
  if (from === undefined && to === undefined) return '';
  if (from === undefined) return `: ${to} (new)`;
  return to === undefined ? `: ${from} (removed)` : `: ${from} -> ${to}`;
}

function evidenceLines({ pod, trouble, events, logLines }: PodEvidence): readonly string[] {
  return [
    `  ${trouble ?? `pod ${pod} is not ready`}`,
    ...events.slice(-3).map((event) => `      event ${event}`),
    ...logLines.slice(-5).map((line) => `      log   ${line}`),
  ];
}

/** What the first second of every object looks like is not told. */
const passing: ReadonlySet<string> = new Set(['GenerationNotObserved', 'NotFound']);

function healthLines(progress: Extract<DeployProgress, { kind: 'health' }>, clock: Pick<Clock, 'now'>): readonly string[] {
  const others = progress.health.objects.filter(
    ({ ref, readiness }) => ref.kind !== 'Rollout' && readiness.state !== 'ready' && !passing.has(readiness.reason),
  );
  return [...deliveredRollouts(progress.facts, clock.now()).map((view) => `${view.name}: ${rolloutLine(view)}`), ...others.map(objectLine)];
}

function objectLine({ ref, readiness }: ObjectHealth): string {
  return `${ref.kind} ${ref.name}: ${readiness.message}`;
}

function promoteHints(objects: readonly ObjectHealth[]): readonly string[] {
  return objects
    .filter(({ readiness }) => readiness.state === 'waiting')
    .map(({ ref }) => `${ref.name} waits for you: sluice rollouts promote ${ref.name} -n ${ref.namespace ?? 'default'}`);
}

function objectCount(count: number): string {
  return count === 1 ? '1 object' : `${count} objects`;
}

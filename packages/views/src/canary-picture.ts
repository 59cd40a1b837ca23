/**
 * A small picture of a rollout that is fun to watch: the split of traffic as a bar, each pod as a dot, the steps with the present one
 * marked. A pure function from view to lines; `repaint` makes an animation of successive pictures on a terminal.
 */
import type { AnalysisRunView } from './analysis-run-view.ts';
import { type Colour, type Pen, padTo, pen, widthOf } from './colour.ts';
import { kindIcons, statusIcons } from './icons.ts';
import type { PodView } from './pod-view.ts';
import type { ReplicaSetView } from './replica-set-view.ts';
import type { RolloutView, StepView } from './rollout-view.ts';

export type PictureOptions = {
  /** Columns of the terminal; 40 at least. */
  readonly width: number;
  readonly color: boolean;
};

const dots = { ready: '●', starting: '◌', leaving: '○', failing: '✖' } as const;
const nameColumn = 9;
const barCellsMax = 60;

/**
 * The lines of one picture, none wider than `width`.
 *
 * Without colours the same picture stays readable: the new version is `█`, the old one `░`.
 */
export function canaryPicture(view: RolloutView, options: PictureOptions): readonly string[] {
  const width = Math.max(40, options.width);
  const ink = pen(options.color);
  const sets = shownSets(view);
  const lines = [
    title(view, ink),
    ...messageLine(view, width, ink),
    '',
    ...trafficBar(view, sets, width, ink),
    ...sets.map((set) => podLine(set, view, width, ink)),
    ...stepLines(view, width, ink),
    ...analysisLines(view, ink),
  ];
  return lines.map((line) => cut(line, width));
}

/** One line for a pipe or a log: what a picture says in short. */
export function rolloutLine(view: RolloutView): string {
  const parts = [view.message === '' ? view.phase : `${view.phase} - ${view.message}`];
  if (view.step !== '') parts.push(`step ${view.step}`);
  if (view.actualWeight !== undefined) parts.push(`weight ${view.actualWeight}/${view.maxWeight}`);
  const pods = shownSets(view).map((set) => `${roleOf(set)} ${set.available}/${set.replicas}`);
  if (pods.length > 0) parts.push(pods.join(', '));
  return parts.join(' · ');
}

/** Control codes and text that put `lines` in the place of the `previous` lines above the cursor. */
export function repaint(previous: number, lines: readonly string[]): string {
  const up = previous > 0 ? `\u001b[${previous}A\r` : '';
  return `${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[0J`;
}

const phaseColours: Readonly<Record<string, Colour>> = { Healthy: 'green', Degraded: 'red', Paused: 'yellow', Progressing: 'brightBlue' };

function title(view: RolloutView, ink: Pen): string {
  const phase = ink.in(`${view.icon} ${view.phase}`, phaseColours[view.phase] ?? 'plain', 'bold');
  const name = ink.in(`${view.namespace}/${view.name}`, 'bold');
  const message = isLong(view) || view.message === '' ? '' : `  ${ink.in(view.message, 'grey')}`;
  return `${kindIcons.rollout} ${name}  ${phase}${message}`;
}

/** A sentence gets lines of its own; one word stands beside the phase. */
function isLong(view: RolloutView): boolean {
  return view.message.length > 32;
}

function messageLine(view: RolloutView, width: number, ink: Pen): readonly string[] {
  if (!isLong(view)) return [];
  const lines: string[] = [];
  let line = '';
  for (const word of view.message.split(' ')) {
    if (line !== '' && line.length + word.length + 3 > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((text) => `  ${ink.in(text, 'grey')}`);
}

function shownSets(view: RolloutView): readonly ReplicaSetView[] {
  const sets = view.revisions.flatMap((revision) => revision.replicaSets);
  const shown = sets.filter((set) => set.tags.length > 0 || set.replicas > 0 || set.pods.length > 0);
  return [...shown].sort((a, b) => rank(a) - rank(b));
}

/** The version in use first, then the new one, then what is left of others. */
function rank(set: ReplicaSetView): number {
  return ['stable', 'canary', 'preview', 'old'].indexOf(roleOf(set));
}

function roleOf(set: ReplicaSetView): 'stable' | 'canary' | 'preview' | 'old' {
  if (set.tags.includes('active') || (set.tags.includes('stable') && !set.tags.includes('preview'))) return 'stable';
  if (set.tags.includes('canary')) return 'canary';
  return set.tags.includes('preview') ? 'preview' : 'old';
}

const roleColours: Readonly<Record<string, Colour>> = { stable: 'green', canary: 'yellow', preview: 'brightBlue', old: 'grey' };

function trafficBar(view: RolloutView, sets: readonly ReplicaSetView[], width: number, ink: Pen): readonly string[] {
  const isShifting = sets.some((set) => roleOf(set) === 'canary');
  const share = isShifting ? (view.actualWeight ?? 0) / view.maxWeight : 0;
  const percent = (part: number): string => `${Math.round(part * 100)}%`.padStart(4);
  const left = isShifting ? `${'canary'.padEnd(nameColumn)}${percent(share)} ` : `${'traffic'.padEnd(nameColumn)}     `;
  const right = ` ${percent(1 - share).trimStart()} stable`;
  const cells = Math.min(barCellsMax, Math.max(10, width - widthOf(left) - widthOf(right) - 1));
  // A share that is not nothing shows, and one that is not all leaves something.
  const exact = Math.round(share * cells);
  const filled = share > 0 && share < 1 ? Math.min(cells - 1, Math.max(1, exact)) : exact;
  const bar = `${ink.in('█'.repeat(filled), 'yellow')}${ink.in('░'.repeat(cells - filled), 'green')}`;
  const aim = isShifting && view.setWeight !== undefined && view.setWeight !== view.actualWeight ? aimLine(view, cells, left, ink) : '';
  return [`${left}${bar}${right}`, aim];
}

/** A mark under the bar where the weight is going. */
function aimLine(view: RolloutView, cells: number, left: string, ink: Pen): string {
  const at = Math.min(cells - 1, Math.max(0, Math.round(((view.setWeight ?? 0) / view.maxWeight) * cells) - 1));
  return `${' '.repeat(widthOf(left) + at)}${ink.in(`▲ ${view.setWeight}`, 'grey')}`;
}

function podLine(set: ReplicaSetView, view: RolloutView, width: number, ink: Pen): string {
  const role = roleOf(set);
  const wanted = Math.max(set.replicas, set.pods.length);
  const facts = `${set.available}/${Math.max(set.replicas, set.available)}`.padStart(7);
  const image = shortImage(set.images[0] ?? '');
  const delay = set.scaleDownDelay === '' ? '' : ` delay:${set.scaleDownDelay}`;
  const tail = `${facts}  ${image}  revision ${set.revision}${delay}`;
  const room = Math.max(4, width - nameColumn - widthOf(tail) - 1);
  const marks = set.pods.length > 0 ? set.pods.map(dotOf) : Array<string>(wanted).fill(dots.ready);
  const perDot = Math.ceil(marks.length / room);
  const shown = perDot <= 1 ? marks : marks.filter((_, index) => index % perDot === 0);
  const painted = shown.map((mark) => ink.in(mark, dotColour(mark, role))).join('');
  // Wide sets share one column; leave room for the largest of the rollout so that columns stay put.
  const column = Math.min(room, Math.max(12, view.replicas.desired + 4));
  return `${ink.in(role.padEnd(nameColumn), roleColours[role] ?? 'plain')}${padTo(painted, column)}${tail}`;
}

function dotOf(pod: PodView): string {
  if (pod.status === 'Terminating') return dots.leaving;
  if (pod.isReady) return dots.ready;
  return pod.icon === statusIcons.bad || pod.icon === statusIcons.warning ? dots.failing : dots.starting;
}

function dotColour(mark: string, role: string): Colour {
  if (mark === dots.failing) return 'red';
  if (mark === dots.leaving) return 'grey';
  return roleColours[role] ?? 'plain';
}

/** The image without its registry. */
function shortImage(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1).replace(/@sha256:([0-9a-f]{7})[0-9a-f]*$/, '@$1');
}

const stepMarks = { done: '✔', current: '▶', ahead: '·' } as const;
const stepColours = { done: 'green', current: 'yellow', ahead: 'grey' } as const;

function stepLines(view: RolloutView, width: number, ink: Pen): readonly string[] {
  if (view.steps.length === 0) return [];
  const lines: string[] = [];
  let line = 'steps'.padEnd(nameColumn);
  for (const step of view.steps) {
    const text = stepWord(step, ink);
    if (widthOf(line) + widthOf(text) > width && widthOf(line) > nameColumn) {
      lines.push(line);
      line = ' '.repeat(nameColumn);
    }
    line += `${text}  `;
  }
  return ['', ...lines, line].map((one) => one.trimEnd());
}

function stepWord(step: StepView, ink: Pen): string {
  const text = `${stepMarks[step.state]} ${step.text}`;
  return step.state === 'current' ? ink.in(text, 'yellow', 'bold') : ink.in(text, stepColours[step.state]);
}

function analysisLines(view: RolloutView, ink: Pen): readonly string[] {
  const runs = view.revisions[0]?.analysisRuns ?? [];
  return runs.map((run) => `${'analysis'.padEnd(nameColumn)}${ink.word(run.icon)} ${run.name}  ${counts(run)}`.trimEnd());
}

function counts(run: AnalysisRunView): string {
  const parts = [
    [run.successful, 'ok'],
    [run.failed, 'failed'],
    [run.inconclusive, 'inconclusive'],
    [run.error, 'errors'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}

/** Cuts a line at a width without cutting colour codes, and closes the colour. */
function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let shown = 0;
  let out = '';
  let isColoured = false;
  for (let at = 0; at < line.length && shown < width - 1; ) {
    const code = line[at] === '\u001b' ? line.slice(at, line.indexOf('m', at) + 1) : '';
    if (code !== '') {
      out += code;
      isColoured = code !== '\u001b[0m';
      at += code.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(at) ?? 32);
    out += character;
    at += character.length;
    shown++;
  }
  return `${out}…${isColoured ? '\u001b[0m' : ''}`;
}

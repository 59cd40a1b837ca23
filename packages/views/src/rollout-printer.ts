/** `get rollout` and `get experiment` as text: facts on top, the tree below. Byte for byte what upstream's plugin prints. */
import { type Pen, pen } from './colour.ts';
import type { ExperimentView } from './experiment-view.ts';
import type { ImageView } from './images.ts';
import type { RolloutView } from './rollout-view.ts';
import { experimentTree, rolloutTree } from './tree-printer.ts';

export type PrintOptions = { readonly color: boolean };

export function printRollout(view: RolloutView, { color }: PrintOptions): string {
  const ink = pen(color);
  const { replicas } = view;
  return [
    fact('Name:', view.name),
    fact('Namespace:', view.namespace),
    fact('Status:', `${ink.word(view.icon)} ${view.phase}`),
    view.message === '' ? '' : fact('Message:', view.message),
    fact('Strategy:', view.strategy),
    view.strategy === 'Canary' ? fact('  Step:', view.step) : '',
    view.setWeight === undefined ? '' : fact('  SetWeight:', view.setWeight),
    view.actualWeight === undefined ? '' : fact('  ActualWeight:', view.actualWeight),
    images(view.images, ink),
    'Replicas:\n',
    fact('  Desired:', replicas.desired),
    fact('  Current:', replicas.current),
    fact('  Updated:', replicas.updated),
    fact('  Ready:', replicas.ready),
    fact('  Available:', replicas.available),
    '\n',
    rolloutTree(view, ink),
  ].join('');
}

export function printExperiment(view: ExperimentView, { color }: PrintOptions): string {
  const ink = pen(color);
  return [
    fact('Name:', view.name),
    fact('Namespace:', view.namespace),
    fact('Status:', `${ink.word(view.icon)} ${view.status}`),
    view.message === '' ? '' : fact('Message:', view.message),
    images(view.images, ink),
    '\n',
    experimentTree(view, ink),
  ].join('');
}

function fact(name: string, value: string | number): string {
  return `${name.padEnd(17)}${value}\n`;
}

function images(list: readonly ImageView[], ink: Pen): string {
  return list
    .map(({ image, tags }, index) => {
      const shown = tags.length === 0 ? image : `${image} (${tags.map((tag) => ink.word(tag)).join(', ')})`;
      return fact(index === 0 ? 'Images:' : '', shown);
    })
    .join('');
}

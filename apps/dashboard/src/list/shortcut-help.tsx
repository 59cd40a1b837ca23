import type { JSX } from 'react';
import { Dialog } from '../parts/dialog.tsx';

const shortcuts: readonly (readonly [string, string])[] = [
  ['/', 'go to the search field'],
  ['Tab', 'in the search field: fill in the first name that fits'],
  ['Enter', 'open the first rollout that fits, or the one with the focus'],
  ['↑ ↓', 'from rollout to rollout'],
  ['Esc', 'empty the search field, close a dialog'],
  ['Shift + H', 'this help'],
];

const terms: readonly (readonly [string, string])[] = [
  ['shop, cart', 'names with either in them'],
  ['"shop"', 'exactly this name'],
  ['team:blue', 'a label whose value has this in it'],
  ['!canary', 'not this'],
];

export function ShortcutHelp({ onClose }: { onClose(): void }): JSX.Element {
  return (
    <Dialog title="Keyboard and search" onClose={onClose}>
      <Pairs pairs={shortcuts} />
      <h3>Search terms</h3>
      <Pairs pairs={terms} />
    </Dialog>
  );
}

function Pairs({ pairs }: { readonly pairs: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <dl className="pairs">
      {pairs.map(([term, meaning]) => (
        <div key={term}>
          <dt>
            <kbd>{term}</kbd>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

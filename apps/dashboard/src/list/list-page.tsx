/** All rollouts of a namespace. */
import { type JSX, useMemo, useRef, useState } from 'react';
import { useKeys } from '../hooks/use-keys.ts';
import { useNow } from '../hooks/use-now.ts';
import { useRollouts } from '../hooks/use-rollouts.ts';
import { useStored } from '../hooks/use-stored.ts';
import { type Favourites, type Filter, noFilter, shownRollouts } from '../model/filter.ts';
import { Notice } from '../parts/notice.tsx';
import { RolloutGrid } from './rollout-grid.tsx';
import { RolloutTable } from './rollout-table.tsx';
import { ShortcutHelp } from './shortcut-help.tsx';
import { type Layout, Toolbar } from './toolbar.tsx';

export function ListPage({ namespace }: { readonly namespace: string }): JSX.Element {
  const { items, connection, isLoading, failure } = useRollouts(namespace);
  const now = useNow();
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [layout, setLayout] = useStored<Layout>('rolloutsLayout', 'table', isLayout);
  const [favourites, setFavourites] = useStored<Favourites>('rolloutsFavorites', {}, isFavourites);
  const [isHelpShown, setIsHelpShown] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const shown = useMemo(() => shownRollouts(items, filter, favourites), [items, filter, favourites]);
  useKeys([
    [
      '/',
      (event) => {
        event.preventDefault();
        search.current?.focus();
      },
    ],
    ['H', () => setIsHelpShown(true)],
    ['ArrowDown', (event) => moveFocus(event, 1)],
    ['ArrowUp', (event) => moveFocus(event, -1)],
  ]);
  const toggleFavourite = (name: string): void => {
    const { [name]: was, ...others } = favourites;
    setFavourites(was === true ? others : { ...others, [name]: true });
  };
  const listProps = { rollouts: shown, favourites, now, onFavourite: toggleFavourite };
  return (
    <>
      <Toolbar
        all={items}
        shown={shown}
        filter={filter}
        layout={layout}
        connection={connection}
        search={search}
        onFilter={setFilter}
        onLayout={setLayout}
        onHelp={() => setIsHelpShown(true)}
      />
      {failure === '' ? null : <Notice kind="failed">{failure}</Notice>}
      {isLoading ? <Notice kind="loading">Loading rollouts …</Notice> : null}
      {!isLoading && failure === '' && items.length === 0 ? (
        <Notice kind="empty">
          <strong>No rollouts in {namespace}</strong>
          <span>They appear here as soon as there are some. Another namespace can be chosen above.</span>
        </Notice>
      ) : null}
      {items.length > 0 && shown.length === 0 ? (
        <Notice kind="empty">
          <strong>Nothing fits</strong>
          <button type="button" onClick={() => setFilter(noFilter)}>
            Show all {items.length}
          </button>
        </Notice>
      ) : null}
      {shown.length === 0 ? null : layout === 'table' ? <RolloutTable {...listProps} /> : <RolloutGrid {...listProps} />}
      {isHelpShown ? <ShortcutHelp onClose={() => setIsHelpShown(false)} /> : null}
    </>
  );
}

function isLayout(value: unknown): value is Layout {
  return value === 'table' || value === 'grid';
}

function isFavourites(value: unknown): value is Favourites {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** From one rollout's link to the next; into the list when the focus is elsewhere. */
function moveFocus(event: KeyboardEvent, by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-rollout-link]')];
  if (links.length === 0) return;
  event.preventDefault();
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by === 1 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next]?.focus();
}

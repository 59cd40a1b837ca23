import type { RolloutInfo } from '@sluice/views';
import type { JSX, KeyboardEvent, RefObject } from 'react';
import { useNavigation } from '../hooks/use-place.tsx';
import { type Filter, needsAttention, statuses } from '../model/filter.ts';
import { Connection } from '../parts/connection.tsx';
import { toneOf } from '../parts/tone.ts';
import type { Connection as ConnectionState } from '../server/watch.ts';

export type Layout = 'table' | 'grid';

type ToolbarProps = {
  readonly all: readonly RolloutInfo[];
  readonly shown: readonly RolloutInfo[];
  readonly filter: Filter;
  readonly layout: Layout;
  readonly connection: ConnectionState;
  readonly search: RefObject<HTMLInputElement | null>;
  onFilter(filter: Filter): void;
  onLayout(layout: Layout): void;
  onHelp(): void;
};

export function Toolbar({ all, shown, filter, layout, connection, search, onFilter, onLayout, onHelp }: ToolbarProps): JSX.Element {
  const { go } = useNavigation();
  const first = shown[0]?.objectMeta;
  const keyPressed = (event: KeyboardEvent<HTMLInputElement>): void => {
    const { name = '', namespace } = first ?? {};
    if (event.key === 'Escape') {
      if (filter.search === '') event.currentTarget.blur();
      else onFilter({ ...filter, search: '' });
    } else if (event.key === 'Tab' && !event.shiftKey && isPartOf(filter.search, name)) {
      event.preventDefault();
      onFilter({ ...filter, search: name });
    } else if (event.key === 'Enter' && filter.search !== '' && name !== '') {
      go({ kind: 'rollout', namespace, name });
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      document.querySelector<HTMLElement>('[data-rollout-link]')?.focus();
    }
  };
  const toggleStatus = (status: string): void =>
    onFilter({
      ...filter,
      statuses: filter.statuses.includes(status) ? filter.statuses.filter((one) => one !== status) : [...filter.statuses, status],
    });
  return (
    <search className="toolbar">
      <input
        ref={search}
        className="search"
        type="search"
        value={filter.search}
        placeholder="Search: name, label:value, &quot;exact&quot;, !not"
        aria-label="Search rollouts"
        aria-keyshortcuts="/"
        autoComplete="off"
        spellCheck={false}
        onKeyDown={keyPressed}
        onChange={(event) => onFilter({ ...filter, search: event.target.value })}
      />
      <div className="toggles">
        <Toggle isOn={filter.isFavouriteOnly} onToggle={() => onFilter({ ...filter, isFavouriteOnly: !filter.isFavouriteOnly })}>
          ★ Favourites
        </Toggle>
        <Toggle isOn={filter.isAttentionOnly} onToggle={() => onFilter({ ...filter, isAttentionOnly: !filter.isAttentionOnly })}>
          Needs attention <b>{all.filter(needsAttention).length}</b>
        </Toggle>
        {statuses.map((status) => (
          <Toggle key={status} isOn={filter.statuses.includes(status)} tone={toneOf(status)} onToggle={() => toggleStatus(status)}>
            {status} <b>{all.filter((rollout) => rollout.status === status).length}</b>
          </Toggle>
        ))}
      </div>
      <div className="toolbar-end">
        <Connection state={connection} />
        <button
          type="button"
          className="plain"
          aria-label={layout === 'table' ? 'Show as grid' : 'Show as table'}
          title={layout === 'table' ? 'Show as grid' : 'Show as table'}
          onClick={() => onLayout(layout === 'table' ? 'grid' : 'table')}
        >
          {layout === 'table' ? '▦' : '☰'}
        </button>
        <button type="button" className="plain" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (Shift+H)" onClick={onHelp}>
          ?
        </button>
      </div>
    </search>
  );
}

/** Whether Tab should fill a name in rather than leave the field. */
function isPartOf(text: string, name: string): boolean {
  return text !== '' && text !== name && name.toLowerCase().includes(text.toLowerCase());
}

type ToggleProps = {
  readonly isOn: boolean;
  readonly tone?: string;
  readonly children: JSX.Element | readonly (JSX.Element | string)[] | string;
  onToggle(): void;
};

function Toggle({ isOn, tone, children, onToggle }: ToggleProps): JSX.Element {
  return (
    <button type="button" className="toggle" data-tone={tone} aria-pressed={isOn} onClick={onToggle}>
      {children}
    </button>
  );
}

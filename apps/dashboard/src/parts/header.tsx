import { type JSX, useEffect, useState } from 'react';
import type { NamespaceChoice } from '../hooks/use-namespaces.ts';
import { Link } from '../hooks/use-place.tsx';
import { fetchVersion } from '../server/api.ts';
import { ThemeButton } from './theme-button.tsx';

type HeaderProps = {
  readonly namespace: string | undefined;
  readonly choice: NamespaceChoice;
  onNamespace(namespace: string): void;
};

export function Header({ namespace, choice, onNamespace }: HeaderProps): JSX.Element {
  const [version, setVersion] = useState('');
  useEffect(() => void fetchVersion().then(setVersion, () => undefined), []);
  return (
    <header className="bar">
      <Link className="brand" to={{ kind: 'list', namespace }} title={version}>
        <img src="icon.svg" alt="" width="26" height="26" />
        <span>Rollouts</span>
      </Link>
      <NamespaceField namespace={namespace} choice={choice} onNamespace={onNamespace} />
      <span className="version">{version}</span>
      <ThemeButton />
    </header>
  );
}

/** A field with suggestions: a namespace may be visible although nobody may list them all. */
function NamespaceField({ namespace = '', choice, onNamespace }: HeaderProps): JSX.Element {
  const [text, setText] = useState(namespace);
  useEffect(() => setText(namespace), [namespace]);
  const available = choice.namespaces?.availableNamespaces ?? [];
  const options = [...new Set([...available, ...(choice.namespaces === undefined ? [] : [choice.namespaces.namespace])])].sort();
  const commit = (value: string): void => {
    const wanted = value.trim();
    if (wanted === '') setText(namespace);
    else if (wanted !== namespace) onNamespace(wanted);
  };
  return (
    <form
      className="namespace"
      onSubmit={(event) => {
        event.preventDefault();
        commit(text);
      }}
    >
      <label htmlFor="namespace">Namespace</label>
      <input
        id="namespace"
        list="namespaces"
        value={text}
        autoComplete="off"
        spellCheck={false}
        onFocus={(event) => {
          choice.refresh();
          event.target.select();
        }}
        onChange={(event) => {
          setText(event.target.value);
          // Chosen from the suggestions, not typed letter by letter.
          if (!('inputType' in event.nativeEvent) || event.nativeEvent.inputType === 'insertReplacementText') commit(event.target.value);
        }}
        onBlur={() => commit(text)}
      />
      <datalist id="namespaces">
        {options.map((option) => (
          <option key={option} value={option} />
        ))}
      </datalist>
    </form>
  );
}

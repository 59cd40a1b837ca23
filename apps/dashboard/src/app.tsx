/** The frame around every page: header, choice of namespace, theme, and the page itself. */
import { type JSX, useEffect } from 'react';
import { MessagesProvider } from './hooks/use-messages.tsx';
import { useNamespaces } from './hooks/use-namespaces.ts';
import { NavigationProvider, useNavigation } from './hooks/use-place.tsx';
import { isText, useStored } from './hooks/use-stored.ts';
import { ListPage } from './list/list-page.tsx';
import { Header } from './parts/header.tsx';
import { Notice } from './parts/notice.tsx';
import { RolloutPage } from './rollout/rollout-page.tsx';

export function App(): JSX.Element {
  return (
    <NavigationProvider>
      <MessagesProvider>
        <Frame />
      </MessagesProvider>
    </NavigationProvider>
  );
}

function Frame(): JSX.Element {
  const { place, go } = useNavigation();
  const choice = useNamespaces();
  const [stored, store] = useStored('namespace', '', isText);
  const available = choice.namespaces?.availableNamespaces ?? [];
  // One that was chosen long ago, perhaps in another cluster, counts while it has rollouts.
  const remembered = available.includes(stored) ? stored : undefined;
  const namespace = place.namespace ?? (choice.namespaces === undefined ? undefined : (remembered ?? choice.namespaces.namespace));
  useEffect(() => {
    document.title = place.kind === 'rollout' ? `${place.name} · Rollouts` : 'Rollouts';
  }, [place]);
  const chosen = (next: string): void => {
    store(next);
    go({ kind: 'list', namespace: next });
  };
  return (
    <>
      <Header namespace={namespace} choice={choice} onNamespace={chosen} />
      <main>
        {namespace === undefined ? (
          choice.failure === '' ? null : (
            <Notice kind="failed">{choice.failure}</Notice>
          )
        ) : place.kind === 'rollout' ? (
          <RolloutPage key={`${namespace}/${place.name}`} namespace={namespace} name={place.name} />
        ) : (
          <ListPage key={namespace} namespace={namespace} />
        )}
      </main>
    </>
  );
}

/** The namespaces that may be chosen, asked for once a visit and whenever the choice is opened. */
import { useCallback, useEffect, useState } from 'react';
import { fetchNamespaces, type Namespaces } from '../server/api.ts';

export type NamespaceChoice = { readonly namespaces: Namespaces | undefined; readonly failure: string; refresh(): void };

export function useNamespaces(): NamespaceChoice {
  const [namespaces, setNamespaces] = useState<Namespaces | undefined>();
  const [failure, setFailure] = useState('');
  const refresh = useCallback(() => {
    fetchNamespaces().then(
      (found) => {
        setNamespaces(found);
        setFailure('');
      },
      (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
    );
  }, []);
  useEffect(refresh, [refresh]);
  return { namespaces, failure, refresh };
}

/**
 * What a controller manager writes on behalf of access: rules of aggregated ClusterRoles, tokens of token Secrets, and the authority's
 * certificate as ConfigMap `kube-root-ca.crt` in each namespace. Level-based: each step looks at the store and writes what is missing.
 */
import { type Clock, isStatusError, type KubeObject } from '@sluice/api';
import type { Access, Reader } from '../ports.ts';
import { staleAggregates } from './rbac/aggregation.ts';
import { rbacGroup } from './rbac/authorizer.ts';

export type DerivedWritesOptions = {
  readonly reader: Reader;
  readonly access: Access & AccessExtras;
  readonly clock: Clock;
  /** Write as the system itself; conflicts and the like may be thrown and lead to another look. */
  readonly create: (object: KubeObject) => Promise<unknown>;
  readonly update: (object: KubeObject) => Promise<unknown>;
};

/** What `createAccess` gives beyond the port. */
export type AccessExtras = {
  /** Certificate of the authority that signed the serving certificate, PEM. */
  authorityPem(): string;
  /** Token for a Secret of type `kubernetes.io/service-account-token`. */
  legacyToken(serviceAccount: KubeObject, secretName: string): string;
};

const tokenType = 'kubernetes.io/service-account-token';
const accountNameAnnotation = 'kubernetes.io/service-account.name';
const accountUidAnnotation = 'kubernetes.io/service-account.uid';
const retryMs = 1000;

/** Starts at once with what is there, then follows changes. Returns a function that stops it. */
export function startDerivedWrites(options: DerivedWritesOptions): () => void {
  const { reader, clock } = options;
  let isStopped = false;
  let retry: (() => void) | undefined;
  const due = new Map<string, () => readonly Write[]>();
  let _running: Promise<void> | undefined;

  /** Runs each distinct look once, one after another; one that failed is due again a second later. */
  const look = (key: string, find: () => readonly Write[]): void => {
    due.set(key, find);
    _running ??= Promise.resolve().then(work);
  };

  const work = async (): Promise<void> => {
    const failed = new Map<string, () => readonly Write[]>();
    for (;;) {
      const next = due.entries().next().value;
      if (next === undefined || isStopped) break;
      const [key, find] = next;
      due.delete(key);
      for (const write of find()) {
        try {
          await options[write.verb](write.object);
        } catch (error) {
          // Gone or there already: the change that made it so is looked at by itself.
          if (!isStatusError(error, 'NotFound', 'AlreadyExists', 'Forbidden')) failed.set(key, find);
        }
      }
    }
    _running = undefined;
    if (failed.size === 0 || isStopped) return;
    retry = clock.after(retryMs, () => {
      for (const [key, find] of failed) look(key, find);
    });
  };

  const aggregates = (): void => look('aggregates', () => staleAggregates(reader).map((object) => ({ verb: 'update', object })));
  const secretsOf = (namespace: string): void => look(`secrets ${namespace}`, () => unfilledSecrets(options, namespace));
  const authorityIn = (namespace: string): void => look(`authority ${namespace}`, () => missingAuthority(options, namespace));

  const stops = [
    reader.onChange(rbacGroup, 'clusterroles', aggregates),
    reader.onChange('', 'secrets', (next) => {
      if (next?.type === tokenType) secretsOf(next.metadata.namespace ?? '');
    }),
    reader.onChange('', 'serviceaccounts', (next, previous) => {
      if (previous === undefined && next !== undefined) secretsOf(next.metadata.namespace ?? '');
    }),
    reader.onChange('', 'namespaces', (next) => {
      if (next !== undefined) authorityIn(next.metadata.name ?? '');
    }),
    reader.onChange('', 'configmaps', (next, previous) => {
      const changed = next ?? previous;
      if (changed?.metadata.name === authorityName) authorityIn(changed.metadata.namespace ?? '');
    }),
  ];
  aggregates();
  for (const namespace of reader.list('', 'namespaces')) authorityIn(namespace.metadata.name ?? '');
  for (const namespace of new Set(reader.list('', 'secrets').map((secret) => secret.metadata.namespace ?? ''))) secretsOf(namespace);
  return () => {
    isStopped = true;
    retry?.();
    for (const stop of stops) stop();
  };
}

type Write = { readonly verb: 'create' | 'update'; readonly object: KubeObject };

/** Token Secrets of live ServiceAccounts that have no token yet. */
function unfilledSecrets({ reader, access }: DerivedWritesOptions, namespace: string): readonly Write[] {
  return reader.list('', 'secrets', namespace).flatMap((secret): readonly Write[] => {
    if (secret.type !== tokenType || secret.metadata.deletionTimestamp !== undefined) return [];
    const { name = '', annotations } = secret.metadata;
    const account = reader.get('', 'serviceaccounts', namespace, annotations?.[accountNameAnnotation] ?? '');
    const data = (secret.data ?? {}) as Readonly<Record<string, string>>;
    if (account === undefined || (data.token !== undefined && annotations?.[accountUidAnnotation] === account.metadata.uid)) return [];
    return [
      {
        verb: 'update',
        object: {
          ...secret,
          metadata: { ...secret.metadata, annotations: { ...annotations, [accountUidAnnotation]: account.metadata.uid ?? '' } },
          data: {
            ...data,
            'ca.crt': base64(access.authorityPem()),
            namespace: base64(namespace),
            token: base64(access.legacyToken(account, name)),
          },
        },
      },
    ];
  });
}

const authorityName = 'kube-root-ca.crt';

/** The ConfigMap of a live namespace, when it is missing or says something else. */
function missingAuthority({ reader, access }: DerivedWritesOptions, namespace: string): readonly Write[] {
  const owner = reader.get('', 'namespaces', '', namespace);
  if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return [];
  const data = { 'ca.crt': access.authorityPem() };
  const found = reader.get('', 'configmaps', namespace, authorityName);
  if (found === undefined) {
    return [{ verb: 'create', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: authorityName, namespace }, data } }];
  }
  return JSON.stringify(found.data) === JSON.stringify(data) ? [] : [{ verb: 'update', object: { ...found, data } }];
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

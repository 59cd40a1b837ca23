/** Who might adopt an orphan: objects of a namespace whose selector it matches. */
import { type KubeObject, keyOf, type LabelSelector, matches, requirementsOf } from '@sluice/api';
import type { Store } from '@sluice/kube';

type Selecting = KubeObject & { readonly spec: { readonly selector?: LabelSelector } };

export function adoptersIn<T extends Selecting>(store: Store<T>): (orphan: KubeObject) => Iterable<string> {
  return function* (orphan) {
    if (orphan.metadata.labels === undefined) return;
    for (const candidate of store.inNamespace(orphan.metadata.namespace ?? '')) {
      const { selector } = candidate.spec;
      if (selector !== undefined && !selectsEverything(selector) && matches(requirementsOf(selector), orphan.metadata.labels)) {
        yield keyOf(candidate);
      }
    }
  };
}

function selectsEverything(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

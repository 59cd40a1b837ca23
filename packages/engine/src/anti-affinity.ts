/** The term that keeps pods of an update away from nodes of the stable version, where the strategy asks for one. */
import { type Affinity, type AntiAffinity, type LabelSelectorTerm, labels, type PodTemplateSpec, type Rollout } from '@sluice/api';
import { hashOf, type ReplicaSetRoles } from './replica-sets.ts';

type Preferred = { readonly weight: number; readonly podAffinityTerm: LabelSelectorTerm };

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

/**
 * The template's affinity with the term added. Unchanged where the strategy asks for none, nothing is stable yet, or the template is
 * the stable one.
 *
 * @param hash - of the present template
 */
export function affinityWithTerm(rollout: Rollout, hash: string): Affinity | undefined {
  const own = rollout.spec.template?.spec?.affinity;
  const wish = antiAffinityOf(rollout);
  const stableHash = rollout.status?.stableRS ?? '';
  if (wish === undefined || stableHash === '' || stableHash === hash) return own;
  const term: LabelSelectorTerm = {
    labelSelector: { matchExpressions: [{ key: labels.podTemplateHash, operator: 'In', values: [stableHash] }] },
    namespaces: [rollout.metadata.namespace ?? ''],
    topologyKey: 'kubernetes.io/hostname',
  };
  const rules = own?.podAntiAffinity ?? {};
  if (wish[preferred] !== undefined) {
    const added: Preferred = { weight: wish[preferred].weight, podAffinityTerm: term };
    return { ...own, podAntiAffinity: { ...rules, [preferred]: [...(rules[preferred] ?? []), added] } };
  }
  return { ...own, podAntiAffinity: { ...rules, [required]: [...(rules[required] ?? []), term] } };
}

/** Whether the term of the new ReplicaSet names another stable version than the present one. */
export function termNamesAnotherStable(rollout: Rollout, { current }: ReplicaSetRoles): boolean {
  const stableHash = rollout.status?.stableRS ?? '';
  if (current === undefined || antiAffinityOf(rollout) === undefined || stableHash === hashOf(current)) return false;
  const rules = current.spec?.template?.spec?.affinity?.podAntiAffinity;
  const terms = [...(rules?.[required] ?? []), ...(rules?.[preferred] ?? []).map((entry) => entry.podAffinityTerm)];
  return terms.some((term) => injectedHash(term) !== undefined && injectedHash(term) !== stableHash);
}

/** The template without any term of ours. */
export function withoutTerm(template: PodTemplateSpec): PodTemplateSpec {
  const rules = template.spec?.affinity?.podAntiAffinity;
  if (rules === undefined || template.spec === undefined) return template;
  const keptRequired = (rules[required] ?? []).filter((term) => injectedHash(term) === undefined);
  const keptPreferred = (rules[preferred] ?? []).filter((entry) => injectedHash(entry.podAffinityTerm) === undefined);
  if (keptRequired.length === (rules[required] ?? []).length && keptPreferred.length === (rules[preferred] ?? []).length) return template;
  const { podAntiAffinity: _, ...otherAffinity } = template.spec.affinity ?? {};
  const isEmpty = keptRequired.length === 0 && keptPreferred.length === 0;
  const affinity: Affinity = isEmpty
    ? otherAffinity
    : {
        ...otherAffinity,
        podAntiAffinity: {
          ...(keptRequired.length === 0 ? {} : { [required]: keptRequired }),
          ...(keptPreferred.length === 0 ? {} : { [preferred]: keptPreferred }),
        },
      };
  const { affinity: __, ...spec } = template.spec;
  return {
    ...template,
    spec: { ...spec, containers: template.spec.containers, ...(Object.keys(affinity).length === 0 ? {} : { affinity }) },
  };
}

function antiAffinityOf({ spec }: Rollout): AntiAffinity | undefined {
  return spec.strategy?.canary?.antiAffinity ?? spec.strategy?.blueGreen?.antiAffinity;
}

function injectedHash(term: LabelSelectorTerm): string | undefined {
  const expression = term.labelSelector?.matchExpressions?.find(({ key }) => key === labels.podTemplateHash);
  return expression?.values?.[0];
}

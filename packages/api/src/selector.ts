/** Label and field selectors: the text form of a query string and the `LabelSelector` form of objects, one matcher for both. */

import { parseLabelSelector, SelectorError } from './selector-text.ts';

export { parseLabelSelector, SelectorError };

export type Labels = Readonly<Record<string, string>>;

export type LabelSelectorRequirement = { readonly key: string; readonly operator: string; readonly values?: readonly string[] };

export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
};

/** One parsed requirement. `gt` and `lt` compare integers. */
export type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';
  readonly values: readonly string[];
};

/** The same from an object's `LabelSelector`. `undefined` selects nothing, `{}` everything: callers decide before calling. */
export function requirementsOf(selector: LabelSelector): readonly Requirement[] {
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'in',
    values: [value],
  }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;
    const parsed = known[operator as keyof typeof known];
    if (parsed === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    requirements.push({ key, operator: parsed, values: values ?? [] });
  }
  return requirements;
}

export function matches(requirements: readonly Requirement[], labels: Labels | undefined): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'in':
        return value !== undefined && values.includes(value);
      case 'notin':
        return value === undefined || !values.includes(value);
      case 'exists':
        return value !== undefined;
      case '!':
        return value === undefined;
      case 'gt':
        return value !== undefined && Number(value) > Number(values[0]);
      case 'lt':
        return value !== undefined && Number(value) < Number(values[0]);
    }
  });
}

/** Text form as `metav1.FormatLabelSelector`: keys sorted, `<none>` for nothing. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) return '<none>';
  const requirements = [...requirementsOf(selector)].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const parts = requirements.map(({ key, operator, values }) => {
    if (operator === 'exists') return key;
    if (operator === '!') return `!${key}`;
    const isPlain = operator === 'in' && values.length === 1 && (selector.matchLabels?.[key] ?? undefined) === values[0];
    if (isPlain) return `${key}=${values[0]}`;
    return `${key} ${operator} (${[...values].sort().join(',')})`;
  });
  return parts.length === 0 ? '<none>' : parts.join(',');
}

/** A field selector term: `metadata.name=x` or `status.phase!=Running`. */
export type FieldRequirement = { readonly path: string; readonly equals: boolean; readonly value: string };

export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(!=|==|=)(.*)$/.exec(part);
      if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`);
      return { path: match[1] ?? '', equals: match[2] !== '!=', value: match[3] ?? '' };
    });
}

/** Label and field selectors: the text form of a query string and the `LabelSelector` form of objects, one matcher for both. */

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

export class SelectorError extends Error {}

const keyPattern = /^([a-z0-9A-Z]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. Empty text selects everything.
 *
 * @throws SelectorError with the position's text when it cannot be read
 */
export function parseLabelSelector(text: string): readonly Requirement[] {
  const requirements: Requirement[] = [];
  for (const part of splitOutsideParentheses(text)) {
    const set = /^\s*([^\s!=<>]+)\s+(in|notin)\s*\(([^)]*)\)\s*$/.exec(part);
    if (set !== null) {
      const values = (set[3] ?? '').split(',').map((value) => value.trim());
      requirements.push({ key: checkedKey(set[1] ?? ''), operator: set[2] === 'in' ? 'in' : 'notin', values });
      continue;
    }
    const comparison = /^\s*([^\s!=<>]+)\s*(==|=|!=|>|<)\s*(\S*)\s*$/.exec(part);
    if (comparison !== null) {
      const sign = comparison[2];
      const operator = sign === '!=' ? 'notin' : sign === '>' ? 'gt' : sign === '<' ? 'lt' : 'in';
      requirements.push({ key: checkedKey(comparison[1] ?? ''), operator, values: [comparison[3] ?? ''] });
      continue;
    }
    const existence = /^\s*(!?)\s*(\S+)\s*$/.exec(part);
    if (existence === null) throw new SelectorError(`unable to parse requirement: found '${part.trim()}'`);
    requirements.push({ key: checkedKey(existence[2] ?? ''), operator: existence[1] === '!' ? '!' : 'exists', values: [] });
  }
  return requirements;
}

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

function checkedKey(key: string): string {
  if (!keyPattern.test(key))
    throw new SelectorError(`key: Invalid value: "${key}": name part must consist of alphanumeric characters, '-', '_' or '.'`);
  return key;
}

function splitOutsideParentheses(text: string): readonly string[] {
  if (text.trim() === '') return [];
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    else if (text[i] === ',' && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

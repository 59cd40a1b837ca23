/**
 * The JSONPath of printer columns: fields, indexes, slices, wildcards, filters and recursive descent, as k8s.io/client-go's util/jsonpath
 * reads them. Compiled once per column; finding never fails, a path that leads nowhere finds nothing.
 */

export type JsonPath = (root: unknown) => readonly unknown[];

type Step = (nodes: readonly unknown[]) => readonly unknown[];

/** `undefined` for text that is no path. A leading `$` and enclosing braces are optional. */
export function compileJsonPath(text: string): JsonPath | undefined {
  const steps = parseSteps(
    text
      .trim()
      .replace(/^\{(.*)\}$/s, '$1')
      .replace(/^\$/, ''),
  );
  return steps === undefined ? undefined : (root) => steps.reduce<readonly unknown[]>((nodes, step) => step(nodes), [root]);
}

function parseSteps(text: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    if (rest.startsWith('[')) {
      const end = closing(rest);
      const step = end < 0 ? undefined : bracketStep(rest.slice(1, end).trim());
      if (step === undefined) return undefined;
      steps.push(step);
      rest = rest.slice(end + 1);
      continue;
    }
    const [whole, dots, name = ''] = /^(\.{0,2})((?:\\.|[^.[\]\\])*)/.exec(rest) ?? [''];
    if (whole === '') return undefined;
    if (dots === '..') steps.push(descendants);
    if (name !== '') steps.push(name === '*' ? children : field(name.replaceAll(/\\(.)/g, '$1')));
    rest = rest.slice(whole.length);
  }
  return steps;
}

/** Position of the bracket that closes the first, not counting those in quotes. */
function closing(text: string): number {
  let depth = 0;
  let quote = '';
  for (let position = 0; position < text.length; position++) {
    const character = text.charAt(position);
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '[') depth++;
    else if (character === ']' && --depth === 0) return position;
  }
  return -1;
}

function bracketStep(inside: string): Step | undefined {
  if (inside === '*') return children;
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(inside);
  if (quoted !== null) return field(quoted[1] ?? quoted[2] ?? '');
  const filter = /^\?\((.*)\)$/s.exec(inside);
  if (filter !== null) return filterStep(filter[1] ?? '');
  if (/^-?\d+$/.test(inside))
    return (nodes) => lists(nodes).flatMap((list) => (list.at(Number(inside)) === undefined ? [] : [list.at(Number(inside))]));
  const slice = /^(-?\d*):(-?\d*)$/.exec(inside);
  if (slice === null) return undefined;
  const [from, to] = [slice[1] ?? '', slice[2] ?? ''];
  return (nodes) => lists(nodes).flatMap((list) => list.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to)));
}

/** `@.type=="Ready"`: a path, and perhaps a comparison with a literal or another path. Without one the path must exist. */
function filterStep(text: string): Step | undefined {
  const match = /^(.*?)(==|!=|<=|>=|<|>)(.*)$/s.exec(text);
  const left = operand(match?.[1] ?? text);
  const right = match === null ? undefined : operand(match[3] ?? '');
  if (left === undefined || (match !== null && right === undefined)) return undefined;
  const operator = match?.[2];
  const keeps = (node: unknown): boolean => {
    const [a] = left(node);
    if (operator === undefined || right === undefined) return a !== undefined;
    const [b] = right(node);
    return a !== undefined && b !== undefined && compare(a, b, operator);
  };
  return (nodes) => nodes.flatMap(inner).filter(keeps);
}

function operand(text: string): JsonPath | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return compileJsonPath(trimmed.slice(1));
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(trimmed);
  if (quoted !== null) return () => [quoted[1] ?? quoted[2] ?? ''];
  if (trimmed === 'true' || trimmed === 'false') return () => [trimmed === 'true'];
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? () => [Number(trimmed)] : undefined;
}

function compare(a: unknown, b: unknown, operator: string): boolean {
  if (operator === '==') return a === b;
  if (operator === '!=') return a !== b;
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) return false;
  const [left, right] = [a as number, b as number];
  return operator === '<' ? left < right : operator === '<=' ? left <= right : operator === '>' ? left > right : left >= right;
}

function field(name: string): Step {
  return (nodes) =>
    nodes.flatMap((node) =>
      typeof node === 'object' && node !== null && !Array.isArray(node) && Object.hasOwn(node, name)
        ? [(node as Record<string, unknown>)[name]]
        : [],
    );
}

function children(nodes: readonly unknown[]): readonly unknown[] {
  return nodes.flatMap(inner);
}

function descendants(nodes: readonly unknown[]): readonly unknown[] {
  return nodes.flatMap((node) => [node, ...descendants(inner(node))]);
}

function inner(node: unknown): readonly unknown[] {
  return typeof node === 'object' && node !== null ? Object.values(node) : [];
}

function lists(nodes: readonly unknown[]): readonly (readonly unknown[])[] {
  return nodes.filter((node) => Array.isArray(node));
}

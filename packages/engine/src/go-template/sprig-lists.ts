/** Sprig's functions on lists. Each makes a new list; what it was given stays as it is. */
import { equal, isList, typeName } from '../expression/values.ts';
import { define, type FunctionTable, type Run, type TemplateFunction } from './function.ts';
import { refuse } from './problem.ts';
import { isEmpty, toInt64 } from './values.ts';

type Any = readonly unknown[];

function taken(value: unknown, name: string, run: Run): Any {
  if (!isList(value)) return refuse(`Cannot ${name} on type ${value === null || value === undefined ? '<nil>' : typeName(value)}`);
  run.budget.takeElements(value.length);
  return [...(value as Any)];
}

/** The function and its `must` form, which here is the same: both tell what is wrong. */
const both = (name: string, signature: string, call: (given: Any, run: Run) => unknown): Record<string, TemplateFunction> => {
  const known = define(signature, call);
  return { [name]: known, [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`]: known };
};

const includes = (list: Any, value: unknown, run: Run): boolean => list.some((item) => isSame(item, value, run));

/** `reflect.DeepEqual`: numbers of two types differ. */
export function isSame(a: unknown, b: unknown, run: Run): boolean {
  const [left, right] = [a ?? null, b ?? null];
  return typeName(left) === typeName(right) && equal(left, right, run.budget);
}

export const listFunctions: FunctionTable = {
  list: define('...any', (given: Any) => [...given]),
  tuple: define('...any', (given: Any) => [...given]),
  ...both('append', 'any any', ([list, value], run) => [...taken(list, 'push', run), value]),
  ...both('push', 'any any', ([list, value], run) => [...taken(list, 'push', run), value]),
  ...both('prepend', 'any any', ([list, value], run) => [value, ...taken(list, 'prepend', run)]),
  ...both('first', 'any', ([list], run) => taken(list, 'find first', run)[0] ?? null),
  ...both('last', 'any', ([list], run) => taken(list, 'find last', run).at(-1) ?? null),
  ...both('rest', 'any', ([list], run) => taken(list, 'find rest', run).slice(1)),
  ...both('initial', 'any', ([list], run) => taken(list, 'find initial', run).slice(0, -1)),
  ...both('reverse', 'any', ([list], run) => [...taken(list, 'find reverse', run)].reverse()),
  ...both('compact', 'any', ([list], run) => taken(list, 'compact', run).filter((item) => !isEmpty(item))),
  ...both('uniq', 'any', ([list], run) => {
    const seen: unknown[] = [];
    for (const item of taken(list, 'find uniq', run)) if (!includes(seen, item, run)) seen.push(item);
    return seen;
  }),
  ...both('without', 'any ...any', ([list, ...omitted], run) =>
    taken(list, 'find without', run).filter((item) => !includes(omitted, item, run)),
  ),
  ...both('has', 'any any', ([value, list], run) => (list === null ? false : includes(taken(list, 'find has', run), value, run))),
  ...both('slice', 'any ...any', ([list, ...given], run) => {
    const items = taken(list, 'slice', run);
    if (items.length === 0) return null;
    const [from, to] = [given[0] === undefined ? 0n : toInt64(given[0]), given[1] === undefined ? BigInt(items.length) : toInt64(given[1])];
    if (given.length > 2 || from < 0n || to > BigInt(items.length) || from > to)
      return refuse('reflect.Value.Slice: slice index out of bounds');
    return items.slice(Number(from), Number(to));
  }),
  ...both('chunk', 'int any', ([size, list], run) => {
    const items = taken(list, 'chunk', run);
    const width = Number(size);
    if (width < 1) return refuse('chunk size must be at least 1');
    return Array.from({ length: Math.ceil(items.length / width) }, (_, at) => items.slice(at * width, (at + 1) * width));
  }),
  concat: define('...any', (given: Any, run) => given.flatMap((list) => taken(list, 'concat', run))),
};

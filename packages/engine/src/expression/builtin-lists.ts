/** Builtins on lists and maps. */
import { argumentType, type Builtin, isOfKinds, ofKinds, type Run, typed } from './builtin.ts';
import {
  any,
  anyList,
  elementOf,
  isAssignable,
  isInteger,
  isUnknown,
  keyOf,
  kindOf,
  type Nature,
  natureText,
  ofType,
  unknown,
} from './nature.ts';
import { compare, elementAt, lookUp, memberOf } from './operators.ts';
import { ExpressionProblem, fail } from './problem.ts';
import { byteLength } from './utf8.ts';
import { AnyKeyMap, checkDepth, entriesOf, equal, formatValue, isList, isMap, kindName, type List, toInteger, typeName } from './values.ts';

/** A builtin that takes one list, known by the verb of its messages: `cannot reverse string`. */
function onList(verb: string, call: (list: List, run: Run) => unknown): Builtin {
  return ofKinds(
    ['slice'],
    (type) => `cannot ${verb} ${type}`,
    anyList,
    ([value], run) => (isList(value) ? call(value, run) : fail(`cannot ${verb} ${kindName(value)}`)),
  );
}

/** A builtin that takes one map. */
function onMap(verb: string, call: (entries: readonly (readonly [unknown, unknown])[]) => readonly unknown[], ending = ''): Builtin {
  return ofKinds(
    ['map'],
    (type) => `cannot ${verb} ${type}${ending}`,
    anyList,
    ([value], run) => {
      if (!isMap(value)) return fail(`cannot ${verb} ${kindName(value)}${ending}`);
      const found = call(entriesOf(value));
      run.budget.takeElements(found.length);
      return found;
    },
  );
}

/** The first or last element, nil where there is none. */
function end(name: 'first' | 'last', index: bigint): readonly [string, Builtin] {
  const builtin = ofKinds(
    ['slice'],
    (type) => `cannot get ${name} element from ${type}`,
    undefined,
    ([value], run) => {
      try {
        return memberOf(value, index, run.budget);
      } catch (error) {
        if (error instanceof ExpressionProblem) return null;
        throw error;
      }
    },
  );
  const validate = (given: readonly Nature[]): Nature => {
    const nature = 'validate' in builtin ? builtin.validate(given) : unknown;
    return isUnknown(nature) ? any : ofType(natureText(nature).slice(2));
  };
  return [name, { validate, call: builtin.call }];
}

/** Like `[...]`, but nil where that would be an error. */
function get(given: readonly unknown[], run: Run): unknown {
  const [target = null, key = null] = given;
  if (target === null) return null;
  if (isList(target) || typeof target === 'string') {
    const length = typeof target === 'string' ? byteLength(target) : target.length;
    const index = Number(toInteger(key));
    const place = index < 0 ? length + index : index;
    return place >= 0 && place < length ? elementAt(target, place) : null;
  }
  if (isMap(target)) return lookUp(target, key) ?? null;
  try {
    return memberOf(target, key, run.budget);
  } catch (error) {
    if (error instanceof ExpressionProblem) return null;
    throw error;
  }
}

function validateGet(given: readonly Nature[]): Nature {
  const [base = unknown, property = unknown] = given;
  if (given.length !== 2) fail(`invalid number of arguments (expected 2, got ${given.length})`);
  if (isUnknown(base)) return unknown;
  switch (kindOf(base)) {
    case 'slice':
      if (!isInteger(property) && !isUnknown(property)) fail(`non-integer slice index ${natureText(property)}`);
      return elementOf(base);
    case 'map':
      if (!isAssignable(property, keyOf(base)) && !isUnknown(property)) {
        fail(`cannot use ${natureText(property)} to get an element from ${natureText(base)}`);
      }
      return elementOf(base);
    default:
      return fail(`type ${natureText(base)} does not support indexing`);
  }
}

function take([list, count]: readonly unknown[], run: Run): unknown {
  if (!isList(list)) return fail(`cannot take from ${kindName(list)}`);
  if (typeof count !== 'bigint') return fail(`cannot take ${kindName(count)} elements`);
  if (count < 0n) fail('reflect.Value.Slice: slice index out of bounds');
  run.budget.takeSteps(list.length / 8);
  return list.slice(0, Number(count));
}

function validateTake(given: readonly Nature[]): Nature {
  const [list, count] = given;
  if (given.length !== 2 || list === undefined || count === undefined) {
    return fail(`invalid number of arguments (expected 2, got ${given.length})`);
  }
  if (!isOfKinds(list, ['slice'])) fail(`cannot take from ${argumentType(list)}`);
  if (!isOfKinds(count, ['int', 'int64'])) fail(`cannot take ${argumentType(count)} elements`);
  return isUnknown(list) ? any : ofType(natureText(list));
}

function fromPairs(list: List, run: Run): AnyKeyMap {
  const map = new AnyKeyMap('map[interface {}]interface {}');
  run.budget.takeElements(list.length);
  for (const pair of list) {
    if (!isList(pair)) return fail(`invalid pair ${formatValue(pair, run.budget)}`);
    if (pair.length !== 2) fail(`invalid pair length ${formatValue(pair, run.budget)}`);
    map.set(hashable(pair[0]), pair[1] ?? null);
  }
  return map;
}

/** A value as a key of a map. @throws ExpressionProblem for lists and maps, which Go cannot hash */
export function hashable(value: unknown): unknown {
  return isList(value) || isMap(value) ? fail(`hash of unhashable type: ${typeName(value)}`) : (value ?? null);
}

function flatten(list: List, run: Run, into: unknown[] = [], depth = 0): unknown[] {
  checkDepth(depth);
  for (const item of list) {
    run.budget.takeElements(1);
    if (isList(item)) flatten(item, run, into, depth + 1);
    else into.push(item);
  }
  return into;
}

function unique(list: List, run: Run): unknown[] {
  const found: unknown[] = [];
  for (const item of list) if (!found.some((known) => equal(item, known, run.budget))) found.push(item);
  return found;
}

function concat(lists: readonly unknown[], run: Run): unknown[] {
  return lists.flatMap((list) => {
    if (!isList(list)) return fail(`cannot concat ${kindName(list)}`);
    run.budget.takeElements(list.length);
    return [...list];
  });
}

/** Ascending or, with `desc`, descending; equal elements keep their order. @throws ExpressionProblem if two cannot be compared */
export function sorted<T>(items: readonly T[], keyOfItem: (item: T) => unknown, isDescending: boolean, run: Run): T[] {
  run.budget.takeElements(items.length);
  run.budget.takeSteps(items.length * Math.ceil(Math.log2(items.length + 1)));
  return [...items].sort((a, b) => {
    const [left, right] = isDescending ? [keyOfItem(b), keyOfItem(a)] : [keyOfItem(a), keyOfItem(b)];
    const order = compare('<', left, right);
    return Number.isNaN(order) ? 0 : order;
  });
}

function sort([list, order = 'asc']: readonly unknown[], run: Run): unknown {
  if (typeof order !== 'string') return fail(`sort order argument must be a string (got ${typeName(order)})`);
  if (order !== 'asc' && order !== 'desc') return fail(`invalid order ${order}, expected asc or desc`);
  return isList(list) ? sorted([...list], (item) => item, order === 'desc', run) : [];
}

const sortSignatures = ['[]any', '[]int', '[]float64', '[]string']
  .map((type) => `${type}, string: []any`)
  .concat(['[]any', '[]float64', '[]string', '[]int'].map((type) => `${type}: []any`))
  .join(' | ');

export const listBuiltins: readonly (readonly [string, Builtin])[] = [
  end('first', 0n),
  end('last', -1n),
  ['get', { validate: validateGet, call: get }],
  ['take', { validate: validateTake, call: take }],
  ['keys', onMap('get keys from', (entries) => entries.map(([key]) => key))],
  ['values', onMap('get values from', (entries) => entries.map(([, value]) => value))],
  ['toPairs', onMap('transform', (entries) => entries.map((entry) => [...entry]), ' to pairs')],
  [
    'fromPairs',
    ofKinds(
      ['slice'],
      (type) => `cannot transform ${type} from pairs`,
      'map[interface {}]interface {}',
      ([value], run) => (isList(value) ? fromPairs(value, run) : fail(`cannot transform ${formatValue(value, run.budget)} from pairs`)),
    ),
  ],
  [
    'reverse',
    onList('reverse', (list, run) => {
      run.budget.takeElements(list.length);
      return [...list].reverse();
    }),
  ],
  ['uniq', onList('uniq', unique)],
  ['flatten', onList('flatten', (list, run) => flatten(list, run))],
  [
    'concat',
    {
      validate: (given) => {
        if (given.length === 0) fail('invalid number of arguments (expected at least 1, got 0)');
        for (const nature of given) if (!isOfKinds(nature, ['slice'])) fail(`cannot concat ${argumentType(nature)}`);
        return ofType(anyList);
      },
      call: concat,
    },
  ],
  ['sort', typed(sortSignatures, sort)],
];

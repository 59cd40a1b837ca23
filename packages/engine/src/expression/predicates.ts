/** The builtins that walk a list with a predicate. Each element costs as many steps as the predicate has nodes. */
import { hashable, sorted } from './builtin-lists.ts';
import type { Evaluate, Machine, Scope } from './machine.ts';
import { add, elementAt } from './operators.ts';
import { fail } from './problem.ts';
import { byteLength } from './utf8.ts';
import { AnyKeyMap, asBool, isList, isMap, kindName, type List } from './values.ts';

export type PredicateCall = {
  readonly name: string;
  readonly list: Evaluate;
  /** Absent for `sum(list)` and `count(list)`: the element itself. */
  readonly predicate: Evaluate | undefined;
  /** The order of `sortBy`, the first value of `reduce`. */
  readonly option: Evaluate | undefined;
  /** Nodes of the predicate. */
  readonly cost: number;
};

/** Ends a walk: what comes back is the answer. */
type Visit = (value: unknown, item: unknown, scope: Scope) => unknown;

const goOn = Symbol('go on');

export function callPredicate(call: PredicateCall): Evaluate {
  const walk = walks.get(call.name) ?? ((): never => fail(`unknown builtin ${call.name}`));
  return (machine) => walk(call, elementsOf(call.list(machine)), machine);
}

/** What can be walked; the words are those of reflection. */
function elementsOf(value: unknown): List | string {
  if (isList(value) || typeof value === 'string') return value;
  if (value === null || value === undefined) return fail('reflect: call of reflect.Value.Len on zero Value');
  if (!isMap(value)) return fail(`reflect: call of reflect.Value.Len on ${kindName(value)} Value`);
  const size = value instanceof Map ? value.size : Object.keys(value).length;
  return size === 0 ? [] : fail('reflect: call of reflect.Value.Index on map Value');
}

/** Visits the elements until one visit answers; `undefined` if none does. */
function each(call: PredicateCall, list: List | string, machine: Machine, visit: Visit, isBackwards = false, first = 0): unknown {
  const length = typeof list === 'string' ? byteLength(list) : list.length;
  const scope: Scope = { item: null, index: 0, accumulated: null };
  machine.scopes.push(scope);
  for (let step = first; step < length; step++) {
    machine.budget.takeSteps(call.cost + 1);
    scope.index = isBackwards ? length - 1 - step : step;
    scope.item = elementAt(list, scope.index);
    const { item } = scope;
    const answer = visit(call.predicate === undefined ? item : call.predicate(machine), item, scope);
    if (answer !== goOn) {
      machine.scopes.pop();
      return answer;
    }
  }
  machine.scopes.pop();
  return undefined;
}

type Walk = (call: PredicateCall, list: List | string, machine: Machine) => unknown;

function search(found: (item: unknown, scope: Scope) => unknown, isBackwards: boolean): Walk {
  return (call, list, machine) =>
    each(call, list, machine, (value, item, scope) => (asBool(value) ? (found(item, scope) ?? null) : goOn), isBackwards) ?? null;
}

function counted(call: PredicateCall, list: List | string, machine: Machine): bigint {
  let count = 0n;
  each(call, list, machine, (value) => {
    if (asBool(value)) count++;
    return goOn;
  });
  return count;
}

function collect(pick: (value: unknown, item: unknown, into: unknown[]) => void): Walk {
  return (call, list, machine) => {
    const found: unknown[] = [];
    each(call, list, machine, (value, item) => {
      pick(value, item, found);
      return goOn;
    });
    machine.budget.takeElements(found.length);
    return found;
  };
}

function sum(call: PredicateCall, list: List | string, machine: Machine): unknown {
  let total: unknown = 0n;
  each(call, list, machine, (value) => {
    total = add(value, total, machine.budget);
    return goOn;
  });
  return total;
}

function groupBy(call: PredicateCall, list: List | string, machine: Machine): AnyKeyMap {
  const groups = new AnyKeyMap('map[interface {}][]interface {}');
  each(call, list, machine, (value, item) => {
    const key = hashable(value);
    const group = groups.get(key);
    if (Array.isArray(group)) group.push(item);
    else groups.set(key, [item]);
    machine.budget.takeElements(1);
    return goOn;
  });
  return groups;
}

function sortBy(call: PredicateCall, list: List | string, machine: Machine): unknown {
  const order = call.option?.(machine) ?? 'asc';
  if (order !== 'asc' && order !== 'desc') return fail('unknown order, use asc or desc');
  const pairs: { readonly value: unknown; readonly item: unknown }[] = [];
  each(call, list, machine, (value, item) => {
    pairs.push({ value, item });
    return goOn;
  });
  return sorted(pairs, ({ value }) => value, order === 'desc', machine).map(({ item }) => item);
}

function reduce(call: PredicateCall, list: List | string, machine: Machine): unknown {
  const hasStart = call.option !== undefined;
  if (!hasStart && list.length === 0) return fail('reduce of empty array with no initial value');
  let accumulated = hasStart ? call.option?.(machine) : elementAt(list, 0);
  const inner: PredicateCall = { ...call, predicate: undefined };
  each(
    inner,
    list,
    machine,
    (_, __, scope) => {
      scope.accumulated = accumulated;
      accumulated = call.predicate?.(machine);
      return goOn;
    },
    false,
    hasStart ? 0 : 1,
  );
  return accumulated;
}

const walks: ReadonlyMap<string, Walk> = new Map<string, Walk>([
  ['all', (call, list, machine) => each(call, list, machine, (value) => (asBool(value) ? goOn : false)) ?? true],
  ['none', (call, list, machine) => each(call, list, machine, (value) => (asBool(value) ? false : goOn)) ?? true],
  ['any', (call, list, machine) => each(call, list, machine, (value) => (asBool(value) ? true : goOn)) ?? false],
  ['one', (call, list, machine) => counted(call, list, machine) === 1n],
  ['count', counted],
  ['filter', collect((value, item, into) => void (asBool(value) && into.push(item)))],
  ['map', collect((value, _, into) => void into.push(value))],
  ['find', search((item) => item, false)],
  ['findLast', search((item) => item, true)],
  ['findIndex', search((_, { index }) => BigInt(index), false)],
  ['findLastIndex', search((_, { index }) => BigInt(index), true)],
  ['sum', sum],
  ['groupBy', groupBy],
  ['sortBy', sortBy],
  ['reduce', reduce],
]);

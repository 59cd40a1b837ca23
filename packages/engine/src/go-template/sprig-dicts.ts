/** Sprig's functions on dictionaries, and those on values of any kind. */
import { isList, isMap, kindName, TextList, typeName } from '../expression/values.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { refuse } from './problem.ts';
import { isSame } from './sprig-lists.ts';
import { copyOf, type Dict, isEmpty, isTrue, newDict, sortedKeys, textOf } from './values.ts';

type Any = readonly unknown[];

const has = (dict: Readonly<Dict>, key: string): boolean => Object.hasOwn(dict, key);

export const dictFunctions: FunctionTable = {
  dict: define('...any', (given: Any, run) => {
    const made = newDict();
    for (let at = 0; at < given.length; at += 2) made[textOf(given[at], run)] = at + 1 < given.length ? given[at + 1] : '';
    return made;
  }),
  get: define('dict string', ([dict, key]: readonly [Dict, string]) => (has(dict, key) ? dict[key] : '')),
  set: define('dict string any', ([dict, key, value]: readonly [Dict, string, unknown]) => {
    dict[key] = value;
    return dict;
  }),
  unset: define('dict string', ([dict, key]: readonly [Dict, string]) => {
    delete dict[key];
    return dict;
  }),
  hasKey: define('dict string', ([dict, key]: readonly [Dict, string]) => has(dict, key)),
  pluck: define('string ...dict', ([key, ...dicts]: readonly [string, ...Dict[]]) =>
    dicts.filter((dict) => has(dict, key)).map((dict) => dict[key]),
  ),
  keys: define('...dict', (dicts: readonly Dict[]) => TextList.from(dicts.flatMap(sortedKeys))),
  values: define('dict', ([dict]: readonly [Dict]) => sortedKeys(dict).map((key) => dict[key])),
  pick: define('dict ...string', ([dict, ...keys]: readonly [Dict, ...string[]]) =>
    newDict(keys.filter((key) => has(dict, key)).map((key) => [key, dict[key]] as const)),
  ),
  omit: define('dict ...string', ([dict, ...keys]: readonly [Dict, ...string[]]) =>
    newDict(Object.entries(dict).filter(([key]) => !keys.includes(key))),
  ),
  merge: define('dict ...dict', mergedWith(false)),
  mustMerge: define('dict ...dict', mergedWith(false)),
  mergeOverwrite: define('dict ...dict', mergedWith(true)),
  mustMergeOverwrite: define('dict ...dict', mergedWith(true)),
  dig: define('any any ...any', (given: Any) => dig(given)),
  deepCopy: define('any', ([value]: Any) => copyOf(value)),
  mustDeepCopy: define('any', ([value]: Any) => copyOf(value)),

  default: define('any ...any', ([fallback, value]: Any) => (isEmpty(value) ? fallback : value)),
  empty: define('any', ([value]: Any) => isEmpty(value)),
  coalesce: define('...any', (given: Any) => given.find((value) => !isEmpty(value)) ?? null),
  all: define('...any', (given: Any) => given.every((value) => !isEmpty(value))),
  any: define('...any', (given: Any) => given.some((value) => !isEmpty(value))),
  ternary: define('any any bool', ([yes, no, which]: Any) => (isTrue(which) ? yes : no)),
  fail: define('string', ([message]: readonly [string]) => refuse(message)),
  typeOf: define('any', ([value]: Any) => typeName(value)),
  typeIs: define('string any', ([type, value]: Any) => type === typeName(value)),
  typeIsLike: define('string any', ([type, value]: Any) => type === typeName(value) || `*${String(type)}` === typeName(value)),
  kindOf: define('any', ([value]: Any) => kindOf(value)),
  kindIs: define('string any', ([kind, value]: Any) => kind === kindOf(value)),
  deepEqual: define('any any', ([a, b]: Any, run) => isSame(a, b, run)),
  hello: define('', () => 'Hello!'),
};

function kindOf(value: unknown): string {
  return kindName(value);
}

function mergedWith(overwrites: boolean): (given: readonly Dict[], run: Run) => unknown {
  return ([into = newDict(), ...sources], run) => {
    for (const source of sources) merge(into, source, overwrites, run);
    return into;
  };
}

/** What is empty in `into` is filled; with `overwrites` what is not empty in `from` goes over it. */
function merge(into: Dict, from: Dict, overwrites: boolean, run: Run): void {
  run.budget.takeElements(Object.keys(from).length);
  for (const [key, value] of Object.entries(from)) {
    const present = into[key];
    if (has(into, key) && isMap(present) && isMap(value)) merge(present as Dict, value as Dict, overwrites, run);
    else if (overwrites ? !isEmpty(value) || !has(into, key) : !has(into, key) || isEmpty(present)) into[key] = value;
  }
}

/** `dig "a" "b" "otherwise" .dict` */
function dig(given: Any): unknown {
  const dict = given.at(-1);
  const otherwise = given.at(-2);
  let value: unknown = dict;
  for (const key of given.slice(0, -2)) {
    if (!isMap(value))
      return refuse(
        `interface conversion: interface {} is ${isList(value) ? '[]interface {}' : typeName(value)}, not map[string]interface {}`,
      );
    if (typeof key !== 'string') return refuse('dig: keys are texts');
    if (!has(value as Dict, key)) return otherwise;
    value = (value as Dict)[key];
  }
  return value;
}

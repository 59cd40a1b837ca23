/** What a function of templates is, and how it says what it takes. */
import type { Instant } from '@sluice/api';
import type { Budget } from '../expression/budget.ts';
import type { GoTime } from '../expression/time.ts';
import { GoDuration, GoTime as Time } from '../expression/time.ts';
import { GoFunction, type GoType, isMap, typeName } from '../expression/values.ts';
import { refuse } from './problem.ts';
import { newDict } from './values.ts';

/** Digests by name, as hexadecimal digits. The engine computes none itself. */
export type Digest = (algorithm: 'sha1' | 'sha256' | 'sha512', text: string) => string;

export type Run = {
  readonly budget: Budget;
  readonly now: Instant;
  readonly digest: Digest | undefined;
  formatTime(time: GoTime, layout: string): string;
};

/** Names of Go's types; `int` stands for all integers, `list` is written `any` in Go. */
export type ParameterType = 'any' | 'bool' | 'string' | 'int' | 'float64' | 'dict' | 'time' | 'duration';

export type TemplateFunction = {
  readonly parameters: readonly ParameterType[];
  /** Of all further arguments; absent where there may be none. */
  readonly rest: ParameterType | undefined;
  readonly call: (given: readonly unknown[], run: Run) => unknown;
};

export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

/** `define('string int ...any', call)`. What `call` is given has been checked against this. */
export function define<Given extends readonly unknown[]>(signature: string, call: (given: Given, run: Run) => unknown): TemplateFunction {
  const words = signature === '' ? [] : signature.split(' ');
  const last = words.at(-1);
  const rest = last?.startsWith('...') === true ? (last.slice(3) as ParameterType) : undefined;
  const parameters = (rest === undefined ? words : words.slice(0, -1)) as ParameterType[];
  return { parameters, rest, call: call as (given: readonly unknown[], run: Run) => unknown };
}

const goNames: Readonly<Record<ParameterType, string>> = {
  any: 'interface {}',
  bool: 'bool',
  string: 'string',
  int: 'int',
  float64: 'float64',
  dict: 'map[string]interface {}',
  time: 'time.Time',
  duration: 'time.Duration',
};

export function parameterName(type: ParameterType): string {
  return goNames[type];
}

/** A value as a parameter of this type; a key that is missing (`undefined`) may stand for an empty dictionary, a nil may not. @throws TemplateProblem if it is none */
export function fitted(value: unknown, type: ParameterType): unknown {
  if (type === 'any') return value ?? null;
  if (value === undefined) return type === 'dict' ? newDict() : refuse(`invalid value; expected ${goNames[type]}`);
  if (value === null) return refuse(`wrong type for value; expected ${goNames[type]}; got interface {}`);
  const fits =
    (type === 'bool' && typeof value === 'boolean') ||
    (type === 'string' && typeof value === 'string') ||
    (type === 'int' && typeof value === 'bigint') ||
    (type === 'float64' && typeof value === 'number') ||
    (type === 'dict' && isMap(value) && !(value instanceof Map)) ||
    (type === 'time' && value instanceof Time) ||
    (type === 'duration' && value instanceof GoDuration);
  if (!fits) return refuse(`wrong type for value; expected ${goNames[type]}; got ${typeName(value)}`);
  return value;
}

/** A function of the data, as those of the expression language are. */
export function fromGoFunction({ parameters, call }: GoFunction): TemplateFunction {
  return { parameters: parameters.map(parameterType), rest: undefined, call: (given) => call(...given) };
}

/** The type as templates name it. */
export function parameterType(type: GoType): ParameterType {
  if (type === 'time.Time') return 'time';
  if (type === 'time.Duration') return 'duration';
  return type === 'int64' ? 'int' : type;
}

export function isGoFunction(value: unknown): value is GoFunction {
  return value instanceof GoFunction;
}

/**
 * Turns a checked tree into closures, one a node. Nothing loops but predicates, ranges and builtins, and those pay from the run's budget, so
 * every run ends.
 */
import { GoPattern, PatternError } from '@sluice/api';
import { builtins } from './builtins.ts';
import { wrapped } from './go-numbers.ts';
import type { Evaluate, Machine } from './machine.ts';
import { isInteger, type Nature } from './nature.ts';
import { add, compare, divide, isIn, memberOf, modulo, multiply, negate, power, range, slice, subtract } from './operators.ts';
import { callPredicate } from './predicates.ts';
import { fail } from './problem.ts';
import type { Node, NodeOf } from './syntax.ts';
import { asBool, assertedName, asText, equal, GoFunction, typeName } from './values.ts';

/** What a chain of `?.` gives once a link of it was nil; its `Chain` node makes nil of it. */
const broken = Symbol('broken chain');

export function compileTree(node: Node, natures: ReadonlyMap<Node, Nature>): Evaluate {
  return new Compiler(natures).compile(node);
}

class Compiler {
  readonly #natures: ReadonlyMap<Node, Nature>;
  readonly #variables: string[] = [];

  constructor(natures: ReadonlyMap<Node, Nature>) {
    this.#natures = natures;
  }

  compile(node: Node): Evaluate {
    switch (node.kind) {
      case 'Nil':
        return () => null;
      case 'Bool':
      case 'Integer':
      case 'Float':
      case 'Text': {
        const { value } = node;
        return () => value;
      }
      case 'Name':
        return this.#name(node.name);
      case 'Unary':
        return this.#unary(node);
      case 'Binary':
        return this.#binary(node);
      case 'Chain': {
        const inner = this.compile(node.node);
        return (machine) => {
          const value = inner(machine);
          return value === broken ? null : value;
        };
      }
      case 'Predicate':
        return this.compile(node.node);
      case 'Member':
        return this.#member(node);
      case 'Slice':
        return this.#slice(node);
      case 'Call':
        return this.#call(node);
      case 'Builtin':
        return this.#builtin(node);
      case 'Pointer':
        return pointer(node.name);
      case 'Let':
        return this.#let(node);
      case 'Sequence': {
        const parts = node.nodes.map((each) => this.compile(each));
        return (machine) => parts.reduce<unknown>((_, part) => part(machine), null);
      }
      case 'Conditional': {
        const [condition, then, otherwise] = [node.condition, node.then, node.otherwise].map((each) => this.compile(each)) as [
          Evaluate,
          Evaluate,
          Evaluate,
        ];
        return (machine) => (asBool(condition(machine)) ? then(machine) : otherwise(machine));
      }
      case 'List': {
        const items = node.nodes.map((each) => this.compile(each));
        return (machine) => {
          machine.budget.takeElements(items.length);
          return items.map((item) => item(machine));
        };
      }
      case 'Map': {
        const pairs = node.pairs.map(({ key, value }) => [this.compile(key), this.compile(value)] as const);
        return (machine) => {
          machine.budget.takeElements(pairs.length);
          return new Map(pairs.map(([key, value]) => [asText(key(machine)), value(machine)]));
        };
      }
    }
  }

  #name(name: string): Evaluate {
    const slot = this.#variables.lastIndexOf(name);
    if (slot >= 0) return (machine) => machine.variables[slot];
    if (name === '$env') return (machine) => machine.environment;
    return ({ environment }) => (Object.hasOwn(environment, name) ? (environment[name] ?? null) : null);
  }

  #unary({ operator, operand }: NodeOf<'Unary'>): Evaluate {
    const value = this.compile(operand);
    if (operator === '!' || operator === 'not') return (machine) => !asBool(value(machine));
    return operator === '-' ? (machine) => negate(value(machine)) : value;
  }

  #binary(node: NodeOf<'Binary'>): Evaluate {
    const { operator } = node;
    if (['and', '&&', 'or', '||'].includes(operator)) return this.#logic(node);
    if (operator === 'in') return this.#in(node);
    if (operator === '%' && node.left.kind === 'Integer' && node.right.kind === 'Integer' && node.right.value === 0n) {
      fail('integer divide by zero');
    }
    const left = this.compile(node.left);
    const right = this.compile(node.right);
    switch (operator) {
      case '==':
        return (machine) => equal(left(machine), right(machine), machine.budget);
      case '!=':
        return (machine) => !equal(left(machine), right(machine), machine.budget);
      case '<':
        return (machine) => compare('<', left(machine), right(machine)) < 0;
      case '>':
        return (machine) => compare('>', left(machine), right(machine)) > 0;
      case '<=':
        return (machine) => compare('<=', left(machine), right(machine)) <= 0;
      case '>=':
        return (machine) => compare('>=', left(machine), right(machine)) >= 0;
      case '+':
        return (machine) => add(left(machine), right(machine), machine.budget);
      case '-':
        return (machine) => subtract(left(machine), right(machine));
      case '*':
        return (machine) => multiply(left(machine), right(machine));
      case '/':
        return (machine) => divide(left(machine), right(machine));
      case '%':
        return (machine) => modulo(left(machine), right(machine));
      case '**':
      case '^':
        return (machine) => power(left(machine), right(machine));
      case '..':
        return (machine) => range(left(machine), right(machine), machine.budget);
      case '??':
        return (machine) => {
          const value = left(machine);
          return value === null || value === undefined ? right(machine) : value;
        };
      case 'matches':
        return matches(node.right, left, right);
      case 'contains':
        return onTexts(left, right, (text, part) => text.includes(part));
      case 'startsWith':
        return onTexts(left, right, (text, part) => text.startsWith(part));
      case 'endsWith':
        return onTexts(left, right, (text, part) => text.endsWith(part));
      default:
        return fail(`unknown operator (${operator})`);
    }
  }

  /** A side that is written as true or false decides without the other, which then is never run: upstream folds such constants. */
  #logic({ operator, left, right }: NodeOf<'Binary'>): Evaluate {
    const isAnd = operator === 'and' || operator === '&&';
    const [leftConstant, rightConstant] = [constantOf(left), constantOf(right)];
    if (leftConstant === isAnd) return this.compile(right);
    if (rightConstant === isAnd) return this.compile(left);
    if (leftConstant !== undefined || rightConstant !== undefined) return () => !isAnd;
    const [first, second] = [this.compile(left), this.compile(right)];
    return (machine) => (asBool(first(machine)) === isAnd ? second(machine) : !isAnd);
  }

  #in({ left, right }: NodeOf<'Binary'>): Evaluate {
    const needle = this.compile(left);
    const leftNature = this.#natures.get(left);
    // A range with written ends need not be made to see whether an integer is in it.
    if (right.kind === 'Binary' && right.operator === '..' && leftNature !== undefined && isInteger(leftNature)) {
      const [from, to] = [right.left, right.right];
      if (from.kind === 'Integer' && to.kind === 'Integer') {
        return (machine) => {
          const value = needle(machine);
          return typeof value === 'bigint' && value >= from.value && value <= to.value;
        };
      }
    }
    const container = this.compile(right);
    // Upstream keeps a written list of texts as a map, which takes nothing but a text as its key.
    const isOfTexts = right.kind === 'List' && right.nodes.length > 0 && right.nodes.every(({ kind }) => kind === 'Text');
    return (machine) => {
      const value = needle(machine);
      if (isOfTexts && typeof value !== 'string' && value !== null && value !== undefined) {
        fail(`reflect.Value.MapIndex: value of type ${typeName(value)} is not assignable to type string`);
      }
      return isIn(isOfTexts ? (value ?? '') : value, container(machine), machine.budget);
    };
  }

  #member(node: NodeOf<'Member'>): Evaluate {
    const target = this.compile(node.node);
    const key = this.compile(node.property);
    const isOfFilter = node.node.kind === 'Builtin' && node.node.name === 'filter' && !node.isOptional;
    const place = constantIndex(node.property);
    // Upstream searches for the one element instead of filtering, and says so when there is none.
    const isSearch = isOfFilter && (place === 0n || place === -1n);
    return (machine) => {
      const value = target(machine);
      if (value === broken || (node.isOptional && (value === null || value === undefined))) return broken;
      if (isSearch && Array.isArray(value) && value.length === 0) fail('reflect: slice index out of range');
      return memberOf(value, key(machine), machine.budget);
    };
  }

  #slice({ node, from, to }: NodeOf<'Slice'>): Evaluate {
    const target = this.compile(node);
    const start = from === undefined ? undefined : this.compile(from);
    const end = to === undefined ? undefined : this.compile(to);
    return (machine) => slice(target(machine), start?.(machine), end?.(machine), machine.budget);
  }

  #call({ callee, parameters }: NodeOf<'Call'>): Evaluate {
    const target = this.compile(callee);
    const given = parameters.map((parameter) => this.compile(parameter));
    return (machine) => {
      const called = target(machine);
      if (called === broken) return broken;
      const values = given.map((each) => each(machine));
      if (called === null || called === undefined) fail('invalid operation: cannot call nil');
      if (!(called instanceof GoFunction)) return fail(`invalid operation: cannot call non-function of type ${typeName(called)}`);
      return callFunction(called, values);
    };
  }

  #builtin({ name, parameters }: NodeOf<'Builtin'>): Evaluate {
    const [list, predicate, option] = parameters;
    const builtin = builtins.get(name);
    if (builtin === undefined) {
      if (list === undefined) return fail(`unknown builtin ${name}`);
      return callPredicate({
        name,
        list: this.compile(list),
        predicate: predicate === undefined ? undefined : this.compile(predicate),
        option: option === undefined ? undefined : this.compile(option),
        cost: predicate?.size ?? 1,
      });
    }
    const given = parameters.map((parameter) => this.compile(parameter));
    return (machine) =>
      builtin.call(
        given.map((each) => each(machine)),
        machine,
      );
  }

  #let({ name, value, body }: NodeOf<'Let'>): Evaluate {
    const given = this.compile(value);
    const slot = this.#variables.push(name) - 1;
    const inner = this.compile(body);
    // The slot stays taken, so that no later variable shares it; its name goes out of sight.
    this.#variables[slot] = '';
    return (machine) => {
      machine.variables[slot] = given(machine);
      return inner(machine);
    };
  }
}

function pointer(name: string): Evaluate {
  return ({ scopes }: Machine) => {
    const scope = scopes.at(-1);
    if (scope === undefined) return fail('cannot use pointer accessor outside predicate');
    if (name === 'index') return BigInt(scope.index);
    return name === 'acc' ? scope.accumulated : scope.item;
  };
}

/** True, false, or `undefined` for what is not written down. */
function constantOf(node: Node): boolean | undefined {
  if (node.kind === 'Bool') return node.value;
  if (node.kind === 'Unary' && (node.operator === 'not' || node.operator === '!')) {
    const inner = constantOf(node.operand);
    return inner === undefined ? undefined : !inner;
  }
  if (node.kind === 'Binary' && node.operator === '==') {
    const { left, right } = node;
    const isWritten = left.kind === right.kind && (left.kind === 'Integer' || left.kind === 'Text' || left.kind === 'Bool');
    return isWritten && 'value' in right && 'value' in left ? left.value === right.value : undefined;
  }
  if (node.kind !== 'Binary' || !['and', '&&', 'or', '||'].includes(node.operator)) return undefined;
  const isAnd = node.operator === 'and' || node.operator === '&&';
  const sides = [constantOf(node.left), constantOf(node.right)];
  if (sides.includes(!isAnd)) return !isAnd;
  return sides.every((side) => side === isAnd) ? isAnd : undefined;
}

function constantIndex(node: Node): bigint | undefined {
  if (node.kind === 'Integer') return node.value;
  return node.kind === 'Unary' && node.operator === '-' && node.operand.kind === 'Integer' ? wrapped(-node.operand.value) : undefined;
}

/** A binary operator on texts; nil on either side is false. */
function onTexts(left: Evaluate, right: Evaluate, holds: (text: string, part: string) => boolean): Evaluate {
  return (machine) => {
    const [text, part] = [left(machine), right(machine)];
    if (text === null || text === undefined || part === null || part === undefined) return false;
    machine.budget.takeSteps(asText(text).length / 16);
    return holds(asText(text), asText(part));
  };
}

function matches(rightNode: Node, left: Evaluate, right: Evaluate): Evaluate {
  const written = rightNode.kind === 'Text' ? patternOf(rightNode.value) : undefined;
  return (machine) => {
    const text = left(machine);
    const given = written === undefined ? right(machine) : '';
    if (text === null || text === undefined || given === null || given === undefined) return false;
    if (written === undefined) machine.budget.takeSteps(1_000 + asText(given).length * 10);
    const pattern = written ?? patternOf(asText(given));
    if (typeof text !== 'string') return fail(`interface conversion: interface {} is ${typeName(text)}, not []uint8`);
    machine.budget.takeSteps(pattern.cost(text) / 10);
    return pattern.test(text);
  };
}

function patternOf(pattern: string): GoPattern {
  try {
    return new GoPattern(pattern);
  } catch (error) {
    return error instanceof PatternError ? fail(error.message) : fail('error parsing regexp');
  }
}

/** What is given must be of the types that are asked; upstream's words are those of a type assertion. */
function callFunction(called: GoFunction, given: readonly unknown[]): unknown {
  const { parameters } = called;
  if (given.length !== parameters.length) {
    fail(`reflect: Call with too ${given.length < parameters.length ? 'few' : 'many'} input arguments`);
  }
  for (const [index, value] of given.entries()) {
    const type = parameters[index] ?? 'any';
    // Int64 and int are one kind of value here.
    const isSame = type === 'any' || typeName(value) === type || (typeof value === 'bigint' && type === 'int64');
    if (!isSame) fail(`interface conversion: interface {} is ${assertedName(value)}, not ${type}`);
  }
  return called.call(...given);
}

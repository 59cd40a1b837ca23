/**
 * Finds mistakes of types before an expression runs, with the words of expr-lang's checker. It knows the types of the environment's values
 * as they are this time: upstream compiles each condition anew against its result.
 *
 * @see expr-lang/expr checker/checker.go
 */
import { GoPattern, PatternError } from '@sluice/api';
import { builtins } from './builtins.ts';
import { methodOfType } from './methods.ts';
import {
  anyList,
  anyMap,
  areComparable,
  elementOf,
  isArray,
  isAssignable,
  isBool,
  isDuration,
  isInteger,
  isNumber,
  isText,
  isTime,
  isUnknown,
  keyOf,
  kindOf,
  listOf,
  maybeBoth,
  type Nature,
  natureText,
  nil,
  ofGoType,
  ofType,
  ofValue,
  promoted,
  unknown,
} from './nature.ts';
import { fail } from './problem.ts';
import { type Node, type NodeOf, nodeOf } from './syntax.ts';
import { goTypeName } from './values.ts';

/** `undefined`: nothing is known of the environment, and every name may be in it. */
export type Environment = Readonly<Record<string, unknown>> | undefined;

/** @throws ExpressionProblem for the first mistake */
export function check(node: Node, environment: Environment): ReadonlyMap<Node, Nature> {
  return new Checker(environment).run(node);
}

type PredicateScope = { readonly collection: Nature; readonly pointers: ReadonlyMap<string, Nature> };

class Checker {
  readonly #environment: Environment;
  readonly #natures = new Map<Node, Nature>();
  readonly #variables: { readonly name: string; readonly nature: Nature }[] = [];
  readonly #predicates: PredicateScope[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  run(node: Node): ReadonlyMap<Node, Nature> {
    this.#visit(node);
    return this.#natures;
  }

  #visit(node: Node): Nature {
    const nature = this.#natureOf(node);
    this.#natures.set(node, nature);
    return nature;
  }

  #natureOf(node: Node): Nature {
    switch (node.kind) {
      case 'Nil':
        return nil;
      case 'Bool':
        return ofType('bool');
      case 'Integer':
        return ofType('int');
      case 'Float':
        return ofType('float64');
      case 'Text':
        return ofType('string');
      case 'Name':
        return this.#name(node.name);
      case 'Unary':
        return this.#unary(node);
      case 'Binary':
        return this.#binary(node);
      case 'Chain':
      case 'Predicate':
        return this.#visit(node.node);
      case 'Member':
        return this.#member(node);
      case 'Slice':
        return this.#slice(node);
      case 'Call':
        return this.#call(node);
      case 'Builtin':
        return this.#builtin(node);
      case 'Pointer':
        return this.#pointer(node.name);
      case 'Let':
        return this.#let(node);
      case 'Sequence':
        return node.nodes.map((each) => this.#visit(each)).at(-1) ?? unknown;
      case 'Conditional':
        return this.#conditional(node);
      case 'List':
        return this.#list(node.nodes);
      case 'Map':
        for (const { key, value } of node.pairs) {
          this.#visit(key);
          this.#visit(value);
        }
        return ofType(anyMap);
    }
  }

  #name(name: string): Nature {
    const variable = this.#variables.findLast((each) => each.name === name);
    if (variable !== undefined) return variable.nature;
    if (name === '$env' || this.#environment === undefined) return unknown;
    return Object.hasOwn(this.#environment, name) ? ofValue(this.#environment[name]) : fail(`unknown name ${name}`);
  }

  #unary({ operator, operand }: NodeOf<'Unary'>): Nature {
    const nature = this.#visit(operand);
    if (operator === '!' || operator === 'not') {
      if (isBool(nature) || isUnknown(nature)) return ofType('bool');
    } else {
      if (isNumber(nature)) return nature;
      if (isUnknown(nature)) return unknown;
    }
    return fail(`invalid operation: ${operator} (mismatched type ${natureText(nature)})`);
  }

  #binary(node: NodeOf<'Binary'>): Nature {
    const { operator } = node;
    const left = this.#visit(node.left);
    const right = this.#visit(node.right);
    if (operator === 'in') {
      const nature = inNature(left, right);
      if (nature !== undefined) return nature;
    }
    if (operator === 'matches' && node.right.kind === 'Text') checkPattern(node.right.value);
    return (
      operationNature(operator, left, right) ??
      fail(`invalid operation: ${operator} (mismatched types ${natureText(left)} and ${natureText(right)})`)
    );
  }

  #member(node: NodeOf<'Member'>): Nature {
    if (node.node.kind === 'Name' && node.node.name === '$env') return this.#environmentMember(node);
    const base = this.#visit(node.node);
    const property = this.#visit(node.property);
    if (isUnknown(base)) return unknown;
    const name = node.property.kind === 'Text' ? node.property.value : undefined;
    if (name !== undefined) {
      if (base.isNil === true) fail(`type nil has no field ${name}`);
      const method = methodOfType(base.type ?? '', name);
      if (method !== undefined) {
        const returns = method.returnsName === undefined ? ofGoType(method.returns) : ofType(method.returnsName);
        return { type: `func() ${natureText(returns)}`, signature: { parameters: method.parameters, returns } };
      }
    }
    const kind = kindOf(base);
    if (kind === 'map') {
      if (!isAssignable(property, keyOf(base)) && !isUnknown(property)) {
        fail(`cannot use ${natureText(property)} to get an element from ${natureText(base)}`);
      }
      return elementOf(base);
    }
    if (kind === 'slice') {
      if (!isInteger(property) && !isUnknown(property)) {
        fail(`array elements can only be selected using an integer (got ${natureText(property)})`);
      }
      return elementOf(base);
    }
    if (name === undefined) return fail(`type ${natureText(base)}[${natureText(property)}] is undefined`);
    return fail(`type ${natureText(base)} has no ${node.isMethod ? 'method' : 'field'} ${name}`);
  }

  #environmentMember(node: NodeOf<'Member'>): Nature {
    this.#visit(node.property);
    if (node.property.kind !== 'Text' || this.#environment === undefined) return unknown;
    const { value: name } = node.property;
    if (Object.hasOwn(this.#environment, name)) return ofValue(this.#environment[name]);
    return node.isOptional ? unknown : fail(`unknown name ${name}`);
  }

  #slice({ node, from, to }: NodeOf<'Slice'>): Nature {
    const nature = this.#visit(node);
    if (!isUnknown(nature) && kindOf(nature) !== 'slice' && !isText(nature)) fail(`cannot slice ${natureText(nature)}`);
    for (const end of [from, to]) {
      if (end === undefined) continue;
      const place = this.#visit(end);
      if (!isUnknown(nature) && !isInteger(place) && !isUnknown(place)) fail(`non-integer slice index ${natureText(place)}`);
    }
    return isUnknown(nature) ? unknown : nature;
  }

  #call({ callee, parameters }: NodeOf<'Call'>): Nature {
    const nature = this.#visit(callee);
    if (isUnknown(nature)) {
      for (const parameter of parameters) this.#visit(parameter);
      return unknown;
    }
    let name = 'function';
    if (callee.kind === 'Name') ({ name } = callee);
    if (callee.kind === 'Member' && callee.property.kind === 'Text') name = callee.property.value;
    if (nature.isNil === true) fail(`${name} is nil; cannot call nil as function`);
    if (nature.signature === undefined) return fail(`${natureText(nature)} is not callable`);
    const problem = this.#arguments(name, nature.signature.parameters.map(goTypeName), parameters);
    return problem === undefined ? nature.signature.returns : fail(problem);
  }

  /** Checks what is given against what is asked; integers written where a float is asked become floats. The problem, if there is one. */
  #arguments(name: string, types: readonly string[], parameters: Node[]): string | undefined {
    if (parameters.length !== types.length) {
      for (const parameter of parameters) this.#visit(parameter);
      return `${parameters.length > types.length ? 'too many' : 'not enough'} arguments to call ${name}`;
    }
    for (const [index, parameter] of parameters.entries()) {
      const nature = this.#visit(parameter);
      const type = ofType(types[index] ?? '');
      if (type.type === 'float64' && isInteger(nature)) {
        const float = withFloats(parameter);
        parameters[index] = float;
        if (float !== parameter) this.#visit(float);
        continue;
      }
      if (isInteger(type) && isInteger(nature)) continue;
      if (nature.isNil === true) {
        if (kindOf(type) === 'interface' || kindOf(type) === 'ptr') continue;
        return `cannot use nil as argument (type ${natureText(type)}) to call ${name}`;
      }
      if (!isAssignable(nature, type) && !isUnknown(nature)) {
        return `cannot use ${natureText(nature)} as argument (type ${natureText(type)}) to call ${name} `;
      }
    }
    return undefined;
  }

  #builtin(node: NodeOf<'Builtin'>): Nature {
    const [first, second] = node.parameters;
    if (first !== undefined && (second?.kind === 'Predicate' || ['count', 'sum'].includes(node.name))) {
      return this.#predicateBuiltin(node, first, second);
    }
    const builtin = builtins.get(node.name);
    if (builtin === undefined) return fail(`unknown builtin ${node.name}`);
    if ('validate' in builtin) return builtin.validate(node.parameters.map((parameter) => this.#visit(parameter)));
    let problem: string | undefined;
    for (const { parameters, returns } of builtin.overloads) {
      problem = this.#arguments(node.name, parameters, node.parameters);
      if (problem === undefined) return ofType(returns);
    }
    return fail(problem ?? `no matching overload for ${node.name}`);
  }

  #predicateBuiltin({ name, parameters }: NodeOf<'Builtin'>, first: Node, second: Node | undefined): Nature {
    const collection = this.#visit(first);
    if (!isArray(collection) && !isUnknown(collection)) fail(`builtin ${name} takes only array (got ${natureText(collection)})`);
    const element = isUnknown(collection) ? unknown : elementOf(collection);
    if (second === undefined) return name === 'count' ? ofType('int') : element;
    const pointers = new Map<string, Nature>();
    if (name === 'map' || name === 'reduce') pointers.set('index', ofType('int'));
    if (name === 'reduce') pointers.set('acc', unknown);
    this.#predicates.push({ collection, pointers });
    const predicate = this.#visit(second);
    this.#predicates.pop();
    const third = parameters[2];
    if (third !== undefined) this.#visit(third);
    if (predicate.isNil === true) {
      fail(`predicate should has ${name === 'reduce' ? 'two' : 'one'} input and one output param`);
    }
    const asksTruth = !['map', 'sum', 'groupBy', 'sortBy', 'reduce'].includes(name);
    if (asksTruth && !isBool(predicate) && !isUnknown(predicate)) {
      fail(`predicate should return boolean (got ${natureText(predicate)})`);
    }
    switch (name) {
      case 'filter':
        return listOf(element);
      case 'map':
        return listOf(predicate);
      case 'count':
      case 'findIndex':
      case 'findLastIndex':
        return ofType('int');
      case 'sum':
        return predicate.type === undefined ? unknown : ofType(predicate.type);
      case 'find':
      case 'findLast':
        return element;
      case 'groupBy':
        return ofType('map[interface {}][]interface {}');
      case 'sortBy':
        return collection;
      case 'reduce':
        return predicate;
      default:
        return ofType('bool');
    }
  }

  #pointer(name: string): Nature {
    const scope = this.#predicates.at(-1);
    if (scope === undefined) return fail('cannot use pointer accessor outside predicate');
    if (name === '') return isUnknown(scope.collection) ? unknown : elementOf(scope.collection);
    return scope.pointers.get(name) ?? fail(`unknown pointer #${name}`);
  }

  #let({ name, value, body }: NodeOf<'Let'>): Nature {
    if (this.#environment !== undefined && Object.hasOwn(this.#environment, name)) fail(`cannot redeclare ${name}`);
    if (builtins.has(name)) fail(`cannot redeclare builtin ${name}`);
    if (this.#variables.some((variable) => variable.name === name)) fail(`cannot redeclare variable ${name}`);
    this.#variables.push({ name, nature: this.#visit(value) });
    const nature = this.#visit(body);
    this.#variables.pop();
    return nature;
  }

  #conditional({ condition, then, otherwise }: NodeOf<'Conditional'>): Nature {
    const truth = this.#visit(condition);
    if (!isBool(truth) && !isUnknown(truth)) fail(`non-bool expression (type ${natureText(truth)}) used as condition`);
    const first = this.#visit(then);
    const second = this.#visit(otherwise);
    if (first.isNil === true) return second;
    if (second.isNil === true) return first;
    if (!isAssignable(first, second)) return unknown;
    if (!isArray(first) || !isArray(second)) return first;
    const [one, other] = [elementOf(first), elementOf(second)];
    return isAssignable(one, other) && isAssignable(other, one) ? first : ofType(anyList);
  }

  #list(nodes: readonly Node[]): Nature {
    const natures = nodes.map((node) => this.#visit(node));
    const areSame = natures.every((nature, index) => index === 0 || kindOf(nature) === kindOf(natures[index - 1] ?? nature));
    return areSame ? listOf(natures.at(-1) ?? unknown) : ofType(anyList);
  }
}

function checkPattern(pattern: string): void {
  try {
    new GoPattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) fail(error.message);
    throw error;
  }
}

function inNature(left: Nature, right: Nature): Nature | undefined {
  const kind = kindOf(right);
  if (kind === 'struct' && (isText(left) || isUnknown(left))) return ofType('bool');
  if (kind === 'map') {
    const key = keyOf(right);
    if (!isUnknown(left) && !isAssignable(left, key)) fail(`cannot use ${natureText(left)} as type ${natureText(key)} in map key`);
    return ofType('bool');
  }
  if (kind === 'slice') {
    const element = elementOf(right);
    if (!areComparable(left, element)) fail(`cannot use ${natureText(left)} as type ${natureText(element)} in array`);
    return ofType('bool');
  }
  return isUnknown(right) || (isUnknown(left) && isText(right)) ? ofType('bool') : undefined;
}

/** What an operator gives, or `undefined` if it does not take such operands. */
function operationNature(operator: string, left: Nature, right: Nature): Nature | undefined {
  const both = (is: (nature: Nature) => boolean): boolean => is(left) && is(right);
  switch (operator) {
    case '==':
    case '!=':
      return areComparable(left, right) ? ofType('bool') : undefined;
    case 'or':
    case '||':
    case 'and':
    case '&&':
      return both(isBool) || maybeBoth(left, right, isBool) ? ofType('bool') : undefined;
    case '<':
    case '>':
    case '>=':
    case '<=':
      return [isNumber, isText, isTime, isDuration].some(both) || maybeBoth(left, right, isNumber, isText, isTime, isDuration)
        ? ofType('bool')
        : undefined;
    case '+':
    case '-':
    case '*':
      return sumNature(operator, left, right);
    case '/':
    case '**':
    case '^':
      return both(isNumber) || maybeBoth(left, right, isNumber) ? ofType('float64') : undefined;
    case '%':
      return both(isInteger) || maybeBoth(left, right, isInteger) ? ofType('int') : undefined;
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return both(isText) || maybeBoth(left, right, isText) ? ofType('bool') : undefined;
    case '..':
      return both(isInteger) || maybeBoth(left, right, isInteger) ? listOf(ofType('int')) : undefined;
    case '??':
      if (left.isNil === true) return right;
      if (right.isNil === true || isAssignable(right, left)) return left;
      return unknown;
    default:
      return undefined;
  }
}

function sumNature(operator: '+' | '-' | '*', left: Nature, right: Nature): Nature | undefined {
  if (isNumber(left) && isNumber(right)) return promoted(left, right);
  if (isDuration(left) && isDuration(right)) return ofType('time.Duration');
  if (operator === '*') {
    if ((isNumber(left) && isDuration(right)) || (isDuration(left) && isNumber(right))) return ofType('time.Duration');
    return maybeBoth(left, right, isNumber, isDuration) ? unknown : undefined;
  }
  if (isTime(left) && isDuration(right)) return ofType('time.Time');
  if (operator === '-') {
    if (isTime(left) && isTime(right)) return ofType('time.Duration');
    return maybeBoth(left, right, isNumber, isTime, isDuration) ? unknown : undefined;
  }
  if (isText(left) && isText(right)) return ofType('string');
  if (isDuration(left) && isTime(right)) return ofType('time.Time');
  return maybeBoth(left, right, isNumber, isText, isTime, isDuration) ? unknown : undefined;
}

/** The expression with the integers that are written in it as floats. */
function withFloats(node: Node): Node {
  if (node.kind === 'Integer') return nodeOf({ kind: 'Float', value: Number(node.value) });
  if (node.kind === 'Unary') return nodeOf({ ...node, operand: withFloats(node.operand) });
  if (node.kind === 'Binary' && ['+', '-', '*'].includes(node.operator)) {
    return nodeOf({ ...node, left: withFloats(node.left), right: withFloats(node.right) });
  }
  return node;
}

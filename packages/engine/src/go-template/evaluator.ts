/**
 * Walks the tree of a template over data. Nothing is reached but own properties of the data and the methods of times; steps, memory, depth
 * and output of a run are bounded. Begin at `Evaluation.run`.
 *
 * @see go text/template/exec.go for what evaluation means
 */
import { methodOf } from '../expression/methods.ts';
import { ExpressionProblem } from '../expression/problem.ts';
import { entriesOf, formatValue, isList, isMap, typeName } from '../expression/values.ts';
import {
  type FunctionTable,
  fitted,
  fromGoFunction,
  isGoFunction,
  type ParameterType,
  parameterName,
  parameterType,
  type Run,
  type TemplateFunction,
} from './function.ts';
import { refuse, TemplateProblem } from './problem.ts';
import type { Operand, Pipe, TemplateNode } from './syntax.ts';
import { type Dict, isTrue, sortedKeys } from './values.ts';

/** Deepest nesting of `template` actions. */
const templateDepthMax = 100;
/** Steps of the budget that a node, an argument or a round of a loop takes: half a million of them in a run. */
const nodeSteps = 10;
/** Characters of output. */
const outputMax = 1_000_000;

type Ending = 'on' | 'break' | 'continue';
type Variable = { readonly name: string; value: unknown };

/** No value, where nil is one: the first command of a pipe is given none from before. */
const nothing: unique symbol = Symbol('nothing');

export class Evaluation {
  readonly #functions: FunctionTable;
  readonly #definitions: ReadonlyMap<string, readonly TemplateNode[]>;
  readonly #run: Run;
  #output = '';
  #variables: Variable[] = [];
  #depth = 0;
  #line = 0;

  constructor(functions: FunctionTable, definitions: ReadonlyMap<string, readonly TemplateNode[]>, run: Run) {
    this.#functions = functions;
    this.#definitions = definitions;
    this.#run = run;
  }

  /** @throws TemplateProblem with the number of the line */
  run(body: readonly TemplateNode[], data: unknown): string {
    try {
      this.#template(body, data);
      return this.#output;
    } catch (error) {
      if (!(error instanceof TemplateProblem || error instanceof ExpressionProblem)) throw error;
      return refuse(this.#line === 0 ? error.message : `line ${this.#line}: ${error.message}`);
    }
  }

  #template(body: readonly TemplateNode[], data: unknown): void {
    if (++this.#depth > templateDepthMax) refuse('exceeded maximum template depth');
    const variables = this.#variables;
    this.#variables = [{ name: '$', value: data }];
    this.#nodes(body, data);
    this.#variables = variables;
    this.#depth--;
  }

  #write(text: string): undefined {
    this.#output += text;
    if (this.#output.length > outputMax) refuse('output is too long');
  }

  #nodes(nodes: readonly TemplateNode[], dot: unknown): Ending {
    for (const node of nodes) {
      const ending = this.#node(node, dot);
      if (ending !== 'on') return ending;
    }
    return 'on';
  }

  #node(node: TemplateNode, dot: unknown): Ending {
    this.#run.budget.takeSteps(nodeSteps);
    switch (node.kind) {
      case 'Text':
        this.#write(node.text);
        return 'on';
      case 'Break':
        return 'break';
      case 'Continue':
        return 'continue';
      case 'Action': {
        this.#line = node.line;
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#print(value);
        return 'on';
      }
      case 'Template': {
        this.#line = node.line;
        const data = node.pipe === undefined ? null : this.#pipe(node.pipe, dot);
        const body = this.#definitions.get(node.name) ?? refuse(`template ${JSON.stringify(node.name)} not defined`);
        this.#template(body, data);
        return 'on';
      }
      case 'If':
      case 'With': {
        this.#line = node.line;
        const known = this.#variables.length;
        const value = this.#pipe(node.pipe, dot);
        const ending = isTrue(value) ? this.#nodes(node.body, node.kind === 'With' ? value : dot) : this.#nodes(node.otherwise, dot);
        this.#variables.length = known;
        return ending;
      }
      case 'Range':
        this.#line = node.line;
        return this.#range(node, dot);
    }
  }

  #range(node: TemplateNode & { readonly kind: 'Range' | 'If' | 'With' }, dot: unknown): Ending {
    const known = this.#variables.length;
    const value = this.#pipe(node.pipe, dot);
    const inLoop = this.#variables.length;
    const { variables, isAssignment } = node.pipe;
    let rounds = 0;
    for (const [key, item] of this.#itemsOf(value, variables.length)) {
      rounds++;
      this.#run.budget.takeSteps(nodeSteps);
      const shown = variables.length === 2 ? [key, item] : [item];
      for (const [at, name] of variables.entries()) {
        if (isAssignment) this.#assign(name, shown[at]);
        else this.#variables[inLoop - variables.length + at] = { name, value: shown[at] };
      }
      const ending = this.#nodes(node.body, item);
      this.#variables.length = inLoop;
      if (ending === 'break') break;
    }
    const ending = rounds === 0 ? this.#nodes(node.otherwise, dot) : 'on';
    this.#variables.length = known;
    return ending;
  }

  *#itemsOf(value: unknown, variables: number): Iterable<readonly [unknown, unknown]> {
    if (value === null || value === undefined) return;
    if (isList(value)) {
      for (let at = 0; at < value.length; at++) yield [BigInt(at), value[at]];
    } else if (isMap(value)) {
      const dict = Object.fromEntries(entriesOf(value).map(([key, item]) => [String(key), item])) as Dict;
      for (const key of sortedKeys(dict)) yield [key, dict[key]];
    } else if (typeof value === 'bigint') {
      if (variables > 1) refuse(`can't use ${value} to iterate over more than one variable`);
      for (let at = 0n; at < value; at++) yield [at, at];
    } else {
      refuse(`range can't iterate over ${formatValue(value, this.#run.budget)}`);
    }
  }

  #assign(name: string, value: unknown): undefined {
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable === undefined) return refuse(`undefined variable: ${name}`);
    variable.value = value;
  }

  #print(value: unknown): undefined {
    if (value === null || value === undefined) return this.#write('<no value>');
    if (isGoFunction(value)) return refuse(`can't print a function of type ${typeName(value)}`);
    this.#write(formatValue(value, this.#run.budget));
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    this.#run.budget.takeSteps(nodeSteps);
    let value: unknown = nothing;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value === nothing ? null : value;
  }

  #command([first, ...given]: readonly Operand[], dot: unknown, final: unknown): unknown {
    if (first === undefined) return refuse('empty command');
    switch (first.kind) {
      case 'Field':
        return this.#fields(dot, first.path, dot, given, final);
      case 'Variable':
        if (first.path.length > 0) return this.#fields(this.#variable(first.name), first.path, dot, given, final);
        this.#noArguments(first, given, final);
        return this.#variable(first.name);
      case 'Chain':
        return this.#chain(first, dot, given, final);
      case 'Function':
        return this.#call(first.name, this.#functions[first.name], dot, given, final);
      case 'Nil':
        return refuse('nil is not a command');
      default:
        this.#noArguments(first, given, final);
        return this.#constantOrDot(first, dot);
    }
  }

  #noArguments(first: Operand, given: readonly Operand[], final: unknown): void {
    if (given.length > 0 || final !== nothing) refuse(`can't give argument to non-function ${nameOf(first)}`);
  }

  #constantOrDot(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'Dot':
        return dot;
      case 'Pipe':
        return this.#pipe(operand.pipe, dot);
      case 'Bool':
      case 'String':
        return operand.value;
      case 'Number':
        return operand.isFloat ? operand.float : (operand.integer ?? operand.float);
      default:
        return this.#command([operand], dot, nothing);
    }
  }

  #variable(name: string): unknown {
    const variable = this.#variables.findLast((known) => known.name === name);
    return variable === undefined ? refuse(`undefined variable: ${name}`) : variable.value;
  }

  #chain(chain: Operand & { readonly kind: 'Chain' }, dot: unknown, given: readonly Operand[], final: unknown): unknown {
    if (chain.of.kind === 'Nil') return refuse('indirection through explicit nil');
    return this.#fields(this.#command([chain.of], dot, nothing), chain.path, dot, given, final);
  }

  /** Only the last field of a path may take arguments. */
  #fields(from: unknown, path: readonly string[], dot: unknown, given: readonly Operand[], final: unknown): unknown {
    let value = from;
    for (const [at, name] of path.entries()) {
      const isLast = at === path.length - 1;
      value = this.#field(value, name, dot, isLast ? given : [], isLast ? final : nothing);
    }
    return value;
  }

  #field(receiver: unknown, name: string, dot: unknown, given: readonly Operand[], final: unknown): unknown {
    const method = methodOf(receiver, name);
    if (method !== undefined) {
      const known = {
        parameters: method.parameters.map(parameterType),
        rest: undefined,
        call: (values: readonly unknown[]) => method.call(receiver, values),
      };
      return this.#call(name, known, dot, given, final);
    }
    // A field of nothing is nothing; a field of a nil that is there is a mistake.
    if (receiver === undefined) return undefined;
    if (receiver === null) return refuse(`nil pointer evaluating interface {}.${name}`);
    if (!isMap(receiver)) return refuse(`can't evaluate field ${name} in type ${typeName(receiver)}`);
    if (given.length > 0 || final !== nothing) refuse(`${name} is not a method but has arguments`);
    if (receiver instanceof Map) return receiver.get(name);
    return Object.hasOwn(receiver, name) ? (receiver as Dict)[name] : undefined;
  }

  #call(name: string, known: TemplateFunction | undefined, dot: unknown, given: readonly Operand[], final: unknown): unknown {
    const { parameters, rest, call } = known ?? refuse(`function ${JSON.stringify(name)} not defined`);
    const count = given.length + (final === nothing ? 0 : 1);
    if (count < parameters.length || (rest === undefined && count > parameters.length)) {
      refuse(`wrong number of args for ${name}: want ${rest === undefined ? '' : 'at least '}${parameters.length} got ${count}`);
    }
    if (name === 'and' || name === 'or') return this.#junction(name, dot, given, final);
    const typeAt = (at: number): ParameterType => parameters[at] ?? rest ?? 'any';
    const values = given.map((operand, at) => this.#argument(operand, typeAt(at), dot));
    if (final !== nothing) values.push(fitted(final, typeAt(given.length)));
    this.#run.budget.takeSteps(nodeSteps);
    let answer: unknown;
    if (name === 'call' && known === this.#functions.call) answer = this.#callValue(values);
    else answer = this.#guarded(name, () => call(values, this.#run));
    if (typeof answer === 'string') this.#run.budget.takeCharacters(answer.length);
    return answer;
  }

  /** `call`: the first argument is the function. */
  #callValue([first, ...given]: readonly unknown[]): unknown {
    if (first === null || first === undefined) return refuse('call of nil');
    if (!isGoFunction(first)) return refuse(`non-function of type ${typeName(first)}`);
    const { parameters, call } = fromGoFunction(first);
    if (given.length !== parameters.length) refuse(`wrong number of args for call: want ${parameters.length} got ${given.length}`);
    const values = parameters.map((type, at) => fitted(given[at], type));
    return this.#guarded('call', () => call(values, this.#run));
  }

  #guarded(name: string, run: () => unknown): unknown {
    try {
      return run();
    } catch (error) {
      if (error instanceof TemplateProblem || error instanceof ExpressionProblem) return refuse(`error calling ${name}: ${error.message}`);
      throw error;
    }
  }

  /** `and` and `or` stop at the argument that decides. */
  #junction(name: 'and' | 'or', dot: unknown, given: readonly Operand[], final: unknown): unknown {
    let value: unknown = null;
    for (const operand of given) {
      value = this.#argument(operand, 'any', dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === nothing ? value : final;
  }

  #argument(operand: Operand, type: ParameterType, dot: unknown): unknown {
    this.#run.budget.takeSteps(nodeSteps);
    switch (operand.kind) {
      case 'Nil':
        return type === 'any' || type === 'dict' ? fitted(undefined, type) : refuse(`cannot assign nil to ${parameterName(type)}`);
      case 'Bool':
        return type === 'any' || type === 'bool' ? operand.value : refuse(`expected ${parameterName(type)}; found ${operand.value}`);
      case 'String':
        return type === 'any' || type === 'string'
          ? operand.value
          : refuse(`expected ${parameterName(type)}; found ${JSON.stringify(operand.value)}`);
      case 'Number':
        if (type === 'float64') return operand.float;
        if (type === 'any') return this.#constantOrDot(operand, dot);
        return type === 'int' && operand.integer !== undefined
          ? operand.integer
          : refuse(`expected ${type === 'int' ? 'integer' : parameterName(type)}; found ${operand.text}`);
      case 'Dot':
        return fitted(dot, type);
      default: {
        const value = this.#command([operand], dot, nothing);
        return fitted(value, type);
      }
    }
  }
}

function nameOf(operand: Operand): string {
  switch (operand.kind) {
    case 'Dot':
      return '.';
    case 'Variable':
      return operand.name;
    case 'Number':
      return operand.text;
    case 'String':
    case 'Bool':
      return JSON.stringify(operand.value);
    default:
      return 'pipeline';
  }
}

/** Compiles one rule: its types are checked against the schema, then it becomes a program that runs on plain values. */
import { type ASTNode, TypeError as CelTypeError, type Environment, EvaluationError, ParseError, serialize } from '@marcbachmann/cel-js';
import { dynamicEnvironment, optionalEnvironment } from './environment.ts';
import { withGoMatches } from './strings.ts';

export type Program = (context: { readonly self: unknown; readonly oldSelf: unknown }) => unknown;

export type Compiled =
  | { readonly ok: true; readonly program: Program; readonly usesOldSelf: boolean }
  | { readonly ok: false; readonly detail: string };

/**
 * @param typed - the environment that knows the type of `self`
 * @param isOldOptional - whether `oldSelf` is an optional
 * @param wanted - type of the result
 * @returns the program, or what is wrong in the words of cel-go
 */
export function compileExpression(expression: string, typed: Environment, isOldOptional: boolean, wanted: 'bool' | 'string'): Compiled {
  let ast: ASTNode;
  try {
    ast = typed.parse(expression).ast;
  } catch (error) {
    return { ok: false, detail: `compilation failed: ${describe(error, expression)}` };
  }
  const checked = typed.check(expression);
  if (!checked.valid) return { ok: false, detail: `compilation failed: ${describe(checked.error, expression)}` };
  const missing = missingPresence(ast, typed);
  if (missing !== undefined) return { ok: false, detail: `compilation failed: ${describe(missing.error, expression, missing.offset)}` };
  if (checked.type !== wanted && checked.type !== 'dyn') {
    const detail = wanted === 'bool' ? 'cel expression must evaluate to a bool' : 'messageExpression must evaluate to a string';
    return { ok: false, detail };
  }
  const runnable = (isOldOptional ? optionalEnvironment() : dynamicEnvironment()).parse(withGoMatches(expression));
  return { ok: true, program: runnable, usesOldSelf: mentions(ast, 'oldSelf') };
}

/** The message of an error at run time, as cel-go words it. */
export function runtimeMessage(error: unknown): { readonly text: string; readonly isOverload: boolean } {
  if (error instanceof EvaluationError) {
    const isOverload = error.code === 'no_such_overload' || error.code === 'no_matching_overload';
    if (isOverload) return { text: 'no such overload', isOverload };
    const conversion = /^\w+\(\) type error: cannot convert to (\w+)/.exec(error.summary);
    const text = error.summary
      .replace(/^.*index out of bounds, index (-?\d+).*$/, 'index out of bounds: $1')
      .replace(/^integer overflow: .*$/, 'integer overflow');
    if (conversion !== null) return { text: `type conversion error from 'string' to '${conversion[1]}'`, isOverload };
    return { text: text.charAt(0).toLowerCase() + text.slice(1), isOverload };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { text, isOverload: text === 'no such overload' };
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function children(node: ASTNode): readonly ASTNode[] {
  const found: ASTNode[] = [];
  const visit = (value: unknown): void => {
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
  };
  visit(Array.isArray(node.args) ? node.args : [node.args]);
  return found;
}

function mentions(node: ASTNode, name: string): boolean {
  return (node.op === 'id' && node.args === name) || children(node).some((child) => mentions(child, name));
}

/** `has(self.a.b)` must name fields that exist; the library's checker lets any pass. */
function missingPresence(node: ASTNode, typed: Environment): { readonly error: unknown; readonly offset: number } | undefined {
  if (node.op === 'call' && node.args[0] === 'has') {
    const [target] = node.args[1];
    if (target !== undefined && rootOf(target)) {
      const checked = typed.check(serialize(target));
      if (!checked.valid) return { error: checked.error, offset: node.range.start + 'has'.length };
    }
  }
  for (const child of children(node)) {
    const missing = missingPresence(child, typed);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** Whether a node is a chain of fields from `self` or `oldSelf`, without variables of macros. */
function rootOf(node: ASTNode): boolean {
  if (node.op === '.') return rootOf(node.args[0]);
  return node.op === 'id' && (node.args === 'self' || node.args === 'oldSelf');
}

/** `ERROR: <input>:1:10: undefined field 'x'`, the line, and an arrow below it. */
function describe(error: unknown, expression: string, at?: number): string {
  if (!(error instanceof CelTypeError || error instanceof ParseError || error instanceof EvaluationError)) {
    return error instanceof Error ? error.message : String(error);
  }
  const { text, offset } = words(error, expression);
  const position = at ?? offset;
  const before = expression.slice(0, position).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = expression.split('\n')[before.length - 1] ?? '';
  return `ERROR: <input>:${before.length}:${column + 1}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

function words(error: CelTypeError | ParseError | EvaluationError, expression: string): { text: string; offset: number } {
  const start = error.range?.start ?? 0;
  const end = error.range?.end ?? start;
  switch (error.code) {
    case 'no_such_key':
      return { text: `undefined field '${error.summary.replace('No such key: ', '')}'`, offset: Math.max(0, start - 1) };
    case 'unknown_variable':
      return { text: `undeclared reference to '${error.summary.replace('Unknown variable: ', '')}' (in container '')`, offset: start };
    case 'no_such_overload':
      return { text: overload(error.summary), offset: operatorOffset(error, start) };
    case 'no_matching_overload': {
      const call = /'(?:(.*)\.)?(\w+)\((.*)\)'$/.exec(error.summary);
      const paren = expression.lastIndexOf('(', end - 1);
      const [, receiver, name = '', args = ''] = call ?? [];
      if (!isKnownFunction(name)) return { text: `undeclared reference to '${name}' (in container '')`, offset: Math.max(start, paren) };
      const applied = receiver === undefined ? `(${args})` : `${typeName(receiver)}.(${args})`;
      return { text: `found no matching overload for '${name}' applied to '${applied}'`, offset: Math.max(start, paren) };
    }
    case 'cannot_index_type':
      return {
        text: error.summary.replace(
          /Cannot index type '(.*)'/,
          (_, type: string) => `type '${typeName(type)}' does not support field selection`,
        ),
        offset: Math.max(0, start - 1),
      };
    default:
      return { text: error instanceof ParseError ? `Syntax error: ${error.summary}` : error.summary, offset: start };
  }
}

function overload(summary: string): string {
  const binary = /^no such overload: (.+) (\S+) (.+)$/.exec(summary);
  if (binary !== null) {
    const [, left = '', operator = '', right = ''] = binary;
    const name = operator === 'in' ? '@in' : `_${operator}_`;
    return `found no matching overload for '${name}' applied to '(${typeName(left)}, ${typeName(right)})'`;
  }
  const unary = /^no such overload: ([!-])(.+)$/.exec(summary);
  return unary === null ? summary : `found no matching overload for '${unary[1]}_' applied to '(${typeName(unary[2] ?? '')})'`;
}

function operatorOffset(error: CelTypeError | ParseError | EvaluationError, start: number): number {
  const node = error.node;
  const args: unknown = node !== undefined && 'args' in node ? node.args : undefined;
  const left: unknown = Array.isArray(args) ? args[0] : undefined;
  if (!isNode(left)) return start;
  const gap = /^[\s)]*/.exec(left.input.slice(left.range.end))?.[0].length ?? 0;
  return left.range.end + gap;
}

let functionNames: ReadonlySet<string> | undefined;

function isKnownFunction(name: string): boolean {
  functionNames ??= new Set(
    dynamicEnvironment()
      .getDefinitions()
      .functions.map((one) => one.name),
  );
  return functionNames.has(name);
}

function typeName(type: string): string {
  return type.replace('google.protobuf.Timestamp', 'timestamp').replace('google.protobuf.Duration', 'duration');
}

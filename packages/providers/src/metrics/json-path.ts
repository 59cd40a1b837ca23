/**
 * JSONPath in the dialect of kubectl (`{$.items[0].name}`), as web metrics use it: fields, quoted fields, indexes, slices with a step, unions,
 * wildcards, descent, filters, `range` and `end`, text between. What leads nowhere is an error, as in k8s.io/client-go's util/jsonpath.
 */
import { formatFloat } from '@sluice/engine';
import { isRecord } from './http/json.ts';

/** Finds what a document holds at the path, first results first. @throws Error such as `rate is not found` */
export type JsonPath = (document: unknown) => readonly unknown[];

type Step = (nodes: readonly unknown[]) => readonly unknown[];

/** Results, and so the work of descending, are bounded. */
const nodesMax = 100_000;
const depthMax = 500;

/**
 * Reads a template.
 *
 * @throws Error for what is no template
 */
export function compileTemplate(template: string): JsonPath {
  const parts = partsOf(template);
  const [program, rest] = block(parts, 0, false);
  if (rest < parts.length) throw new Error('not in range, nothing to end');
  return (document) => program(document, document);
}

type Part = { readonly text: string } | { readonly action: string };
type Program = (current: unknown, root: unknown) => readonly unknown[];

function partsOf(template: string): readonly Part[] {
  const parts: Part[] = [];
  let rest = template;
  while (rest !== '') {
    const start = rest.indexOf('{');
    if (start !== 0) {
      const text = start < 0 ? rest : rest.slice(0, start);
      parts.push({ text });
      rest = rest.slice(text.length);
      continue;
    }
    const end = endOf(rest, '{', '}');
    if (end < 0) throw new Error('unclosed action');
    parts.push({ action: rest.slice(1, end).trim() });
    rest = rest.slice(end + 1);
  }
  return parts;
}

/** Where the bracket that opens the text is closed; brackets in quotes do not count. */
function endOf(text: string, open: string, close: string): number {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === open) depth++;
    else if (character === close && --depth === 0) return at;
  }
  return -1;
}

/** The parts up to the `end` of this range (or all), as one program, and where it ended. */
function block(parts: readonly Part[], from: number, isRange: boolean): readonly [Program, number] {
  const programs: Program[] = [];
  let at = from;
  for (; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined) break;
    if ('text' in part) {
      programs.push(() => [part.text]);
    } else if (part.action === 'end') {
      if (isRange) return [sequence(programs), at];
      throw new Error('not in range, nothing to end');
    } else if (/^range\s/.test(part.action)) {
      const path = compilePath(part.action.replace(/^range\s+/, ''));
      const [inner, end] = block(parts, at + 1, true);
      programs.push((current, root) => path(current, root).flatMap((node) => inner(node, root)));
      at = end;
    } else {
      programs.push(literalOf(part.action) ?? compilePath(part.action));
    }
  }
  if (isRange) throw new Error('unterminated range');
  return [sequence(programs), at];
}

function sequence(programs: readonly Program[]): Program {
  return (current, root) => bounded(programs.flatMap((program) => program(current, root)));
}

function bounded(nodes: readonly unknown[]): readonly unknown[] {
  if (nodes.length > nodesMax) throw new Error('too many results');
  return nodes;
}

function literalOf(text: string): Program | undefined {
  const quoted = unquoted(text);
  return quoted === undefined ? undefined : () => [quoted];
}

function unquoted(text: string): string | undefined {
  const match = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')$/s.exec(text);
  return match === null ? undefined : (match[1] ?? match[2] ?? '').replace(/\\(.)/gs, '$1');
}

function compilePath(text: string): Program {
  const isRooted = text.startsWith('$');
  const steps = parseSteps(text.replace(/^[$@]/, ''), text);
  return (current, root) => steps.reduce<readonly unknown[]>((nodes, step) => bounded(step(nodes)), [isRooted ? root : current]);
}

function parseSteps(text: string, whole: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    if (rest.startsWith('[')) {
      const end = endOf(rest, '[', ']');
      if (end < 0) throw new Error('unterminated array');
      steps.push(bracketStep(rest.slice(1, end).trim()));
      rest = rest.slice(end + 1);
      continue;
    }
    const match = /^(\.{0,2})((?:\\.|[^.[\]{}()\s\\'"$@*?,:!=<>|&])+|\*)?/.exec(rest);
    const [taken = '', dots = '', name = ''] = match ?? [];
    if (taken === '' || (dots === '..' && name === '' && !rest.startsWith('..['))) {
      throw new Error(`unrecognized character in action: ${JSON.stringify(rest.charAt(taken.length))} of ${JSON.stringify(whole)}`);
    }
    if (dots === '..') steps.push(descendants);
    if (name === '*') steps.push(children);
    else if (name !== '') steps.push(fieldStep(name.replace(/\\(.)/g, '$1'), dots === '..'));
    rest = rest.slice(taken.length);
  }
  return steps;
}

function bracketStep(inside: string): Step {
  if (inside === '*') return children;
  const filter = /^\?\((.*)\)$/s.exec(inside);
  if (filter !== null) return filterStep((filter[1] ?? '').trim());
  const members = commas(inside);
  if (members.length > 1) {
    const steps = members.map((member) => bracketStep(member));
    return (nodes) => nodes.flatMap((node) => steps.flatMap((step) => step([node])));
  }
  const quoted = unquoted(inside);
  if (quoted !== undefined) return fieldStep(quoted, false);
  const slice = /^(-?\d*)(?::(-?\d*)(?::(-?\d*))?)?$/.exec(inside);
  if (slice === null || inside === '') throw new Error(`invalid array index ${inside}`);
  const [, from = '', to, step = ''] = slice;
  return to === undefined ? indexStep(Number(from)) : sliceStep(from, to, step);
}

function commas(text: string): readonly string[] {
  return (text.match(/(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,])+/gs) ?? []).map((member) => member.trim());
}

/** @param isLoose - behind `..` a field may be missing */
function fieldStep(name: string, isLoose: boolean): Step {
  return (nodes) =>
    nodes.flatMap((node) => {
      if (isRecord(node) && Object.hasOwn(node, name)) return [node[name]];
      // A list is walked into by a filter or an index, not by a name.
      if (isLoose || node === null) return [];
      throw new Error(`${name} is not found`);
    });
}

function listOf(node: unknown): readonly unknown[] {
  if (Array.isArray(node)) return node;
  throw new Error(`${describe(node)} is not array or slice`);
}

function describe(node: unknown): string {
  if (node === null || node === undefined) return '<nil>';
  if (typeof node === 'number') return formatFloat(node);
  return typeof node === 'object' ? 'map' : String(node).slice(0, 100);
}

function indexStep(index: number): Step {
  return (nodes) =>
    nodes.flatMap((node) => {
      if (node === null) return [];
      const list = listOf(node);
      const place = index < 0 ? list.length + index : index;
      if (place < 0 || place >= list.length) throw new Error(`array index out of bounds: index ${index}, length ${list.length}`);
      return [list[place]];
    });
}

function sliceStep(fromText: string, toText: string, stepText: string): Step {
  const step = stepText === '' ? 1 : Number(stepText);
  if (step < 0) throw new Error('step must be > 0');
  return (nodes) =>
    nodes.flatMap((node) => {
      if (node === null) return [];
      const list = listOf(node);
      const place = (text: string, otherwise: number): number => {
        const index = text === '' ? otherwise : Number(text);
        return index < 0 ? list.length + index : index;
      };
      const from = place(fromText, 0);
      const to = Math.min(place(toText, list.length), list.length);
      if (from < 0 || from > list.length) throw new Error(`array index out of bounds: index ${from}, length ${list.length}`);
      return list.slice(from, to).filter((_, index) => step === 0 || index % step === 0);
    });
}

function children(nodes: readonly unknown[]): readonly unknown[] {
  return nodes.flatMap(inner);
}

function descendants(nodes: readonly unknown[], depth = 0): readonly unknown[] {
  if (depth > depthMax) throw new Error('document is nested too deeply');
  return bounded(nodes.flatMap((node) => [node, ...descendants(inner(node), depth + 1)]));
}

/** Values of a map come in the order of its keys, as Go's library sorts them. */
function inner(node: unknown): readonly unknown[] {
  if (Array.isArray(node)) return node;
  return isRecord(node)
    ? Object.keys(node)
        .sort()
        .map((key) => node[key])
    : [];
}

/** `@.type=="Ready"`: what is left of an operator against what is right of it; without one, whether it exists. */
function filterStep(text: string): Step {
  const [left, operator, right] = comparisonOf(text);
  const a = operand(left);
  const b = right === undefined ? undefined : operand(right);
  const holds = (node: unknown, root: unknown): boolean => {
    const [first, ...more] = found(a, node, root);
    if (b === undefined || operator === undefined) return first !== undefined;
    const [second] = found(b, node, root);
    if (more.length > 0) throw new Error('can only compare one element at a time');
    return first !== undefined && second !== undefined && compare(first, second, operator);
  };
  return (nodes) => nodes.flatMap((node) => inner(node).filter((item) => holds(item, item)));
}

/** Splits at the first operator that is not in quotes. */
function comparisonOf(text: string): readonly [string, string | undefined, string | undefined] {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else {
      const operator = /^(?:==|!=|<=|>=|<|>)/.exec(text.slice(at, at + 2))?.[0];
      if (operator !== undefined) return [text.slice(0, at).trim(), operator, text.slice(at + operator.length).trim()];
    }
  }
  return [text, undefined, undefined];
}

/** What is not there does not hold, but is no error in a filter. */
function found(program: Program, current: unknown, root: unknown): readonly unknown[] {
  try {
    return program(current, root);
  } catch {
    return [];
  }
}

function operand(text: string): Program {
  const literal = literalOf(text);
  if (literal !== undefined) return literal;
  if (text === 'true' || text === 'false') return () => [text === 'true'];
  if (/^-?\d+(\.\d+)?$/.test(text)) return () => [Number(text)];
  if (text === '') throw new Error('unterminated filter');
  return compilePath(text);
}

function compare(a: unknown, b: unknown, operator: string): boolean {
  if (operator === '==') return a === b;
  if (operator === '!=') return a !== b;
  const isNumbers = typeof a === 'number' && typeof b === 'number';
  if (!isNumbers && !(typeof a === 'string' && typeof b === 'string')) return false;
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

/**
 * Sets of field paths, as `metadata.managedFields` keeps them. A path element is kept as the text that `fieldsV1` uses:
 * `f:name` (a field), `k:{"name":"a"}` (an item of a keyed list), `v:"a"` (an item of a set), `i:0` (an index).
 */
import { compareText, goQuote, toGoJson } from './go-text.ts';
import { isObject } from './schema.ts';

export type PathElement = string;

/** Sets and their texts, each way. Texts are those that we have written: others may be in another order or hold more. */
const setOfText = new WeakMap<object, FieldSet>();
const textOfSet = new WeakMap<FieldSet, Readonly<Record<string, unknown>>>();

/**
 * A tree of path elements. `members` are in the set themselves; `children` lead to members below. Complete sets are not changed any
 * more: operations share what stays the same, up to the whole set.
 */
export class FieldSet {
  readonly members: Set<PathElement> = new Set();
  readonly children: Map<PathElement, FieldSet> = new Map();

  /** Reads `fieldsV1`. Elements of an unknown kind are dropped. */
  static fromFieldsV1(fields: unknown): FieldSet {
    const set = new FieldSet();
    if (!isObject(fields)) return set;
    for (const [key, value] of Object.entries(fields)) {
      const element = normalised(key);
      if (element === undefined) continue;
      const isLeaf = !isObject(value) || Object.keys(value).length === 0;
      if (isLeaf || Object.hasOwn(value, '.')) set.members.add(element);
      if (isLeaf) continue;
      const child = FieldSet.fromFieldsV1(value);
      if (!child.isEmpty()) set.children.set(element, child);
    }
    return set;
  }

  /** Reads `fieldsV1` of an object that nobody changes any more; the same one twice is read once. */
  static of(fields: unknown): FieldSet {
    if (!isObject(fields)) return new FieldSet();
    let set = setOfText.get(fields);
    if (set === undefined) {
      set = FieldSet.fromFieldsV1(fields);
      setOfText.set(fields, set);
    }
    return set;
  }

  /** `fieldsV1` of a complete set, to be shared and not to be changed. */
  text(): Readonly<Record<string, unknown>> {
    let text = textOfSet.get(this);
    if (text === undefined) {
      text = this.toFieldsV1();
      textOfSet.set(this, text);
      setOfText.set(text, this);
    }
    return text;
  }

  /** Writes `fieldsV1` in the order of a real server. */
  toFieldsV1(isMember = false): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    if (isMember && !this.isEmpty()) out['.'] = {};
    for (const element of this.elements()) {
      const child = this.children.get(element);
      out[element] = child === undefined ? {} : child.toFieldsV1(this.members.has(element));
    }
    return out;
  }

  /** Elements of members and children, sorted. */
  elements(): readonly PathElement[] {
    return sortedElements(new Set([...this.members, ...this.children.keys()]));
  }

  isEmpty(): boolean {
    if (this.members.size > 0) return false;
    for (const child of this.children.values()) if (!child.isEmpty()) return false;
    return true;
  }

  insert(path: readonly PathElement[]): void {
    let set: FieldSet = this;
    for (let i = 0; i < path.length - 1; i++) set = set.descend(path[i] ?? '');
    const last = path.at(-1);
    if (last !== undefined) set.members.add(last);
  }

  has(path: readonly PathElement[]): boolean {
    let set: FieldSet | undefined = this;
    for (let i = 0; i < path.length - 1 && set !== undefined; i++) set = set.children.get(path[i] ?? '');
    return set?.members.has(path.at(-1) ?? '') === true;
  }

  /** The child at an element, made if it is missing. */
  descend(element: PathElement): FieldSet {
    let child = this.children.get(element);
    if (child === undefined) {
      child = new FieldSet();
      this.children.set(element, child);
    }
    return child;
  }

  /** Adds a child unless nothing is in it. */
  attach(element: PathElement, child: FieldSet): void {
    if (!child.isEmpty()) this.children.set(element, child);
  }

  union(other: FieldSet): FieldSet {
    if (other.isWithin(this)) return this;
    if (this.isWithin(other)) return other;
    const out = new FieldSet();
    for (const element of this.members) out.members.add(element);
    for (const element of other.members) out.members.add(element);
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      out.children.set(element, twin === undefined ? child : child.union(twin));
    }
    for (const [element, child] of other.children) if (!this.children.has(element)) out.children.set(element, child);
    return out;
  }

  /** Whether every member is one of `other`, too. */
  isWithin(other: FieldSet): boolean {
    if (this === other) return true;
    for (const element of this.members) if (!other.members.has(element)) return false;
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      if (twin === undefined ? !child.isEmpty() : !child.isWithin(twin)) return false;
    }
    return true;
  }

  /** Whether any member is one of `other`, too. */
  meets(other: FieldSet): boolean {
    for (const element of other.members) if (this.members.has(element)) return true;
    for (const [element, twin] of other.children) if (this.children.get(element)?.meets(twin) === true) return true;
    return false;
  }

  intersection(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const element of this.members) if (other.members.has(element)) out.members.add(element);
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      if (twin !== undefined) out.attach(element, child.intersection(twin));
    }
    return out;
  }

  /** Members that are not members of `other`. A member of `other` says nothing about what is below it. */
  difference(other: FieldSet): FieldSet {
    if (!this.meets(other)) return this;
    const out = new FieldSet();
    for (const element of this.members) if (!other.members.has(element)) out.members.add(element);
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      out.attach(element, twin === undefined ? child : child.difference(twin));
    }
    return out;
  }

  /** The same, but a member of `other` takes everything below it away too. */
  recursiveDifference(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const element of this.members) if (!other.members.has(element)) out.members.add(element);
    for (const [element, child] of this.children) {
      if (other.members.has(element)) continue;
      const twin = other.children.get(element);
      out.attach(element, twin === undefined ? child : child.recursiveDifference(twin));
    }
    return out;
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty() && other.difference(this).isEmpty();
  }

  /** All members as paths: a level's members first, each in order, then what is below. */
  paths(prefix: readonly PathElement[] = []): readonly (readonly PathElement[])[] {
    const out: (readonly PathElement[])[] = sortedElements(this.members).map((element) => [...prefix, element]);
    for (const element of sortedElements(this.children.keys())) {
      out.push(...(this.children.get(element)?.paths([...prefix, element]) ?? []));
    }
    return out;
  }
}

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

export function valueElement(value: unknown): PathElement {
  return `v:${toGoJson(value)}`;
}

const plain = /^[\w./ -]*$/;

export function keyElement(keys: Readonly<Record<string, unknown>>): PathElement {
  // Nearly every item has one plain name.
  const names = Object.keys(keys);
  const [name = ''] = names;
  const value = keys[name];
  if (names.length === 1 && typeof value === 'string' && plain.test(value) && plain.test(name)) return `k:{"${name}":"${value}"}`;
  return `k:${toGoJson(keys)}`;
}

/** The name of a field element, `undefined` for the other kinds. */
export function fieldName(element: PathElement): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** `.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]`: how conflicts name a path. */
export function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join('');
}

export function elementText(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'k': {
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>).map(([key, value]) => `${key}=${scalarText(value)}`);
      return `[${keys.join(',')}]`;
    }
    case 'v':
      return `[=${scalarText(JSON.parse(rest))}]`;
    case 'i':
      return `[${rest}]`;
    default:
      return `.${rest}`;
  }
}

function scalarText(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : toGoJson(value);
}

/** The element in our spelling (keys sorted, no spaces), or `undefined` if it is of no known kind. */
function normalised(text: string): PathElement | undefined {
  if (text.length < 2 || text[1] !== ':') return undefined;
  const kind = text[0];
  if (kind === 'f') return text;
  if (kind === 'i') return /^i:-?\d+$/.test(text) ? text : undefined;
  if (kind !== 'k' && kind !== 'v') return undefined;
  try {
    return `${kind}:${toGoJson(JSON.parse(text.slice(2)))}`;
  } catch {
    return undefined;
  }
}

const kindOrder = 'fkvi';

/** Fields by name, then keys, then values, then indexes. Each element is parsed once. */
function sortedElements(elements: Iterable<PathElement>): readonly PathElement[] {
  return [...elements]
    .map((text) => ({
      text,
      order: kindOrder.indexOf(text[0] ?? ''),
      value: isJson(text) ? (JSON.parse(text.slice(2)) as unknown) : undefined,
    }))
    .sort((a, b) => a.order - b.order || compareSameKind(a, b))
    .map(({ text }) => text);
}

function isJson(text: PathElement): boolean {
  return text.startsWith('k') || text.startsWith('v');
}

type Parsed = { readonly text: PathElement; readonly value: unknown };

function compareSameKind(a: Parsed, b: Parsed): number {
  switch (a.text[0]) {
    case 'f':
      return compareText(a.text, b.text);
    case 'i':
      return Number(a.text.slice(2)) - Number(b.text.slice(2));
    case 'v':
      return compareValues(a.value, b.value);
    default:
      return compareKeys(a.value as Record<string, unknown>, b.value as Record<string, unknown>);
  }
}

function compareKeys(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const left = Object.entries(a);
  const right = Object.entries(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [leftKey, leftValue] = left[i] ?? ['', null];
    const [rightKey, rightValue] = right[i] ?? ['', null];
    const order = compareText(leftKey, rightKey) || compareValues(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const typeOrder = ['number', 'string', 'boolean', 'object'];

/** Numbers before strings before booleans. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return typeOrder.indexOf(typeof a) - typeOrder.indexOf(typeof b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const left = toGoJson(a);
  const right = toGoJson(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

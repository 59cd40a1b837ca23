/** What is known of a value's Go type before an expression runs. Only so much that mistakes are found where upstream finds them. */
import { GoFunction, type GoType, goTypeName, typeName } from './values.ts';

export type Nature = {
  /** Go's name of the type; absent: unknown (or nil). */
  readonly type?: string;
  readonly isNil?: boolean;
  /** Of a list whose elements are better known than its type tells. */
  readonly element?: Nature;
  readonly signature?: { readonly parameters: readonly GoType[]; readonly returns: Nature };
};

export const unknown: Nature = {};
/** Known to be of any type: Go's `any` in a signature, which messages name. */
export const any: Nature = { type: 'interface {}' };
export const nil: Nature = { isNil: true };
export const anyList = '[]interface {}';
export const anyMap = 'map[string]interface {}';

export function ofType(type: string): Nature {
  return { type };
}

export function ofGoType(type: GoType): Nature {
  return { type: goTypeName(type) };
}

export function ofValue(value: unknown): Nature {
  if (value === null || value === undefined) return nil;
  if (value instanceof GoFunction) {
    return { type: value.type, signature: { parameters: value.parameters, returns: ofGoType(value.returns) } };
  }
  return { type: typeName(value) };
}

export function listOf(element: Nature): Nature {
  return { type: anyList, element };
}

export function natureText({ type }: Nature): string {
  return type ?? 'unknown';
}

export function isUnknown({ type, isNil }: Nature): boolean {
  return (type === undefined && isNil !== true) || type === 'interface {}';
}

export type Kind = 'invalid' | 'interface' | 'slice' | 'map' | 'func' | 'struct' | 'ptr' | 'bool' | 'string' | 'int' | 'int64' | 'float64';

export function kindOf({ type }: Nature): Kind {
  if (type === undefined) return 'invalid';
  if (type === 'interface {}') return 'interface';
  if (type.startsWith('[]')) return 'slice';
  if (type.startsWith('map[')) return 'map';
  if (type.startsWith('func(')) return 'func';
  if (type.startsWith('*')) return 'ptr';
  if (type === 'time.Duration') return 'int64';
  if (type === 'time.Month' || type === 'time.Weekday') return 'int';
  return type === 'bool' || type === 'string' || type === 'int' || type === 'int64' || type === 'float64' ? type : 'struct';
}

export const isInteger = ({ type }: Nature): boolean => type === 'int' || type === 'int64';
export const isNumber = (nature: Nature): boolean => isInteger(nature) || nature.type === 'float64';
export const isText = ({ type }: Nature): boolean => type === 'string';
export const isBool = ({ type }: Nature): boolean => type === 'bool';
export const isTime = ({ type }: Nature): boolean => type === 'time.Time';
export const isDuration = ({ type }: Nature): boolean => type === 'time.Duration';
export const isArray = (nature: Nature): boolean => kindOf(nature) === 'slice';

export function elementOf(nature: Nature): Nature {
  if (nature.element !== undefined && kindOf(nature) === 'slice') return nature.element;
  const { type = '' } = nature;
  if (type.startsWith('[]')) return ofType(type.slice(2));
  return type.startsWith('map[') ? ofType(type.slice(type.indexOf(']') + 1)) : unknown;
}

export function keyOf({ type = '' }: Nature): Nature {
  return type.startsWith('map[') ? ofType(type.slice(4, type.indexOf(']'))) : unknown;
}

export function isAssignable(nature: Nature, to: Nature): boolean {
  if (nature.isNil === true && ['ptr', 'interface', 'func', 'map', 'slice'].includes(kindOf(to))) return true;
  if (nature.type === undefined || to.type === undefined) return false;
  return nature.type === to.type || kindOf(to) === 'interface';
}

export function areComparable(a: Nature, b: Nature): boolean {
  return (
    isUnknown(a) ||
    isUnknown(b) ||
    a.isNil === true ||
    b.isNil === true ||
    (isNumber(a) && isNumber(b)) ||
    (isArray(a) && isArray(b)) ||
    isAssignable(a, b)
  );
}

/** Whether both may turn out to be of one of the kinds: at least one is unknown, and the other is unknown or of such a kind. */
export function maybeBoth(a: Nature, b: Nature, ...kinds: readonly ((nature: Nature) => boolean)[]): boolean {
  const fits = (nature: Nature): boolean => isUnknown(nature) || kinds.some((kind) => kind(nature));
  return (isUnknown(a) || isUnknown(b)) && fits(a) && fits(b);
}

/** Of a sum of numbers. */
export function promoted(a: Nature, b: Nature): Nature {
  return ofType(a.type === 'float64' || b.type === 'float64' ? 'float64' : 'int');
}

/** What a builtin function is, and the ways in which their checks are alike. */
import type { Instant } from '@sluice/api';
import type { Budget } from './budget.ts';
import { any, isUnknown, type Kind, kindOf, type Nature, ofType } from './nature.ts';
import { fail } from './problem.ts';

export type Run = { readonly budget: Budget; readonly now: Instant };

type Call = (given: readonly unknown[], run: Run) => unknown;

/** Either a list of signatures, tried in order, or a check of its own. */
export type Builtin =
  | { readonly overloads: readonly { readonly parameters: readonly string[]; readonly returns: string }[]; readonly call: Call }
  | { readonly validate: (given: readonly Nature[]) => Nature; readonly call: Call };

/** `typed('string, string: bool', call)`; several signatures are parted by `|`. Types are Go's names, `any` for any. */
export function typed(signatures: string, call: Call): Builtin {
  const overloads = signatures.split('|').map((signature) => {
    const [parameters = '', returns = ''] = signature.split(':').map((part) => part.trim());
    return {
      parameters: parameters === '' ? [] : parameters.split(',').map((type) => typeOf(type.trim())),
      returns: typeOf(returns),
    };
  });
  return { overloads, call };
}

function typeOf(name: string): string {
  return name.replace('any', 'interface {}');
}

/** One argument of certain kinds (or unknown); `returns` absent: what was given. */
export function ofKinds(kinds: readonly Kind[], problem: (type: string) => string, returns: string | undefined, call: Call): Builtin {
  return {
    validate: (given) => {
      const [only] = given;
      if (given.length !== 1 || only === undefined) return fail(`invalid number of arguments (expected 1, got ${given.length})`);
      if (!isOfKinds(only, kinds)) fail(problem(argumentType(only)));
      if (returns !== undefined) return ofType(returns);
      return isUnknown(only) ? any : only;
    },
    call,
  };
}

export function isOfKinds(nature: Nature, kinds: readonly Kind[]): boolean {
  const kind = kindOf(nature);
  return kind === 'interface' || (kind === 'invalid' && nature.isNil !== true) || kinds.includes(kind);
}

/** As `fmt` prints a type that may be that of nil. */
export function argumentType({ type, isNil }: Nature): string {
  return type ?? (isNil === true ? '%!s(<nil>)' : 'interface {}');
}

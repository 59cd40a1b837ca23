/** The tree of a template, as `parser.ts` makes it and `evaluator.ts` walks it. */

export type TemplateNode =
  | { readonly kind: 'Text'; readonly text: string }
  | { readonly kind: 'Action'; readonly line: number; readonly pipe: Pipe }
  | {
      readonly kind: 'If' | 'With' | 'Range';
      readonly line: number;
      readonly pipe: Pipe;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | { readonly kind: 'Template'; readonly line: number; readonly name: string; readonly pipe: Pipe | undefined }
  | { readonly kind: 'Break' | 'Continue' };

/** `$a, $b := first | second`. */
export type Pipe = {
  readonly variables: readonly string[];
  /** `=` in place of `:=`. */
  readonly isAssignment: boolean;
  readonly commands: readonly (readonly Operand[])[];
};

export type Operand =
  | { readonly kind: 'Dot' | 'Nil' }
  | { readonly kind: 'Bool'; readonly value: boolean }
  /** `float` is how it reads as a float64; `integer` is absent for what is none, such as `1.5`. */
  | {
      readonly kind: 'Number';
      readonly text: string;
      readonly integer: bigint | undefined;
      readonly float: number;
      readonly isFloat: boolean;
    }
  | { readonly kind: 'String'; readonly value: string }
  | { readonly kind: 'Field'; readonly path: readonly string[] }
  | { readonly kind: 'Variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'Function'; readonly name: string }
  | { readonly kind: 'Pipe'; readonly pipe: Pipe }
  /** Fields of what an operand gives: `(index .list 0).name`. */
  | { readonly kind: 'Chain'; readonly of: Operand; readonly path: readonly string[] };

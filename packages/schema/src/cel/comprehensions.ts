/** Comprehensions with two variables: cel-go's `ext.TwoVarComprehensions`. In lists the first is the index, in maps the key. */
import type { ASTNode, Environment, TypeDeclaration } from '@marcbachmann/cel-js';

/** What the library hands to macros; its own declarations leave these out. */
type Checker = {
  check(node: ASTNode, context: Scope): TypeDeclaration;
  getType(name: string): TypeDeclaration;
  createError(code: string, message: string, node: ASTNode): Error;
};
type Evaluator = { run(node: ASTNode, context: Scope): unknown };
type Scope = {
  forkWithVariable(name: string, type: TypeDeclaration): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: Evaluator): Scope;
};
type Call = { readonly args: readonly ASTNode[]; readonly receiver: ASTNode };
type Entry = readonly [unknown, unknown];
/** Evaluates one of the macro's expressions for an entry. */
type Run = (argument: number, entry: Entry) => unknown;

type Macro = {
  readonly name: string;
  readonly argumentCount: number;
  readonly result: 'bool' | 'list' | 'map';
  readonly run: (entries: readonly Entry[], run: Run) => unknown;
};

const macros: readonly Macro[] = [
  { name: 'all', argumentCount: 3, result: 'bool', run: (entries, run) => quantify(entries, run, false) },
  { name: 'exists', argumentCount: 3, result: 'bool', run: (entries, run) => quantify(entries, run, true) },
  {
    name: 'existsOne',
    argumentCount: 3,
    result: 'bool',
    run: (entries, run) => entries.filter((entry) => run(2, entry) === true).length === 1,
  },
  { name: 'transformList', argumentCount: 3, result: 'list', run: (entries, run) => entries.map((entry) => run(2, entry)) },
  {
    name: 'transformList',
    argumentCount: 4,
    result: 'list',
    run: (entries, run) => entries.filter((entry) => run(2, entry) === true).map((entry) => run(3, entry)),
  },
  {
    name: 'transformMap',
    argumentCount: 3,
    result: 'map',
    run: (entries, run) => new Map(entries.map((entry) => [entry[0], run(2, entry)])),
  },
  {
    name: 'transformMap',
    argumentCount: 4,
    result: 'map',
    run: (entries, run) => new Map(entries.filter((entry) => run(2, entry) === true).map((entry) => [entry[0], run(3, entry)])),
  },
];

export function registerComprehensions(env: Environment): void {
  for (const macro of macros) {
    const args = Array(macro.argumentCount).fill('ast').join(', ');
    const result = { bool: 'bool', list: 'list<dyn>', map: 'map<dyn, dyn>' }[macro.result];
    for (const receiver of ['list', 'map']) {
      env.registerFunction(`${receiver}.${macro.name}(${args}): ${result}`, (call: Call) => expand(macro, call, result));
    }
  }
}

/** A failing predicate counts only if no other one decides. */
function quantify(entries: readonly Entry[], run: Run, decisive: boolean): boolean {
  let failure: unknown;
  for (const entry of entries) {
    try {
      if (run(2, entry) === decisive) return decisive;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

function expand(macro: Macro, { args, receiver }: Call, result: string): object {
  const [first, second] = args;
  let outer: Scope | undefined;
  let inner: Scope | undefined;
  return {
    args,
    receiver,
    async: false,
    typeCheck(checker: Checker, _: unknown, context: Scope): TypeDeclaration {
      const range = checker.check(receiver, context);
      const dyn = checker.getType('dyn');
      const key = range.kind === 'list' ? checker.getType('int') : (range.keyType ?? dyn);
      outer = context.forkWithVariable(variable(first, checker), key);
      inner = outer.forkWithVariable(variable(second, checker), range.valueType ?? dyn);
      for (const [index, argument] of args.entries()) {
        if (index < 2) continue;
        const type = checker.check(argument, inner);
        const isCondition = macro.result === 'bool' || index < args.length - 1;
        if (isCondition && !type.isDynOrBool()) {
          throw checker.createError('invalid_condition_type', `${macro.name}() predicate must return bool, got '${type.name}'`, argument);
        }
      }
      return checker.getType(result);
    },
    evaluate(evaluator: Evaluator, _: unknown, context: Scope): unknown {
      const entries = entriesOf(evaluator.run(receiver, context));
      return macro.run(entries, (argument, [key, value]) => {
        const node = args[argument];
        if (node === undefined || outer === undefined || inner === undefined) throw new Error('comprehension was not checked');
        const scope = inner.reuse(outer.reuse(context).setIterValue(key, evaluator)).setIterValue(value, evaluator);
        return evaluator.run(node, scope);
      });
    },
  };
}

function variable(node: ASTNode | undefined, checker: Checker): string {
  if (node?.op === 'id') return node.args;
  throw checker.createError('invalid_macro_argument', 'argument must be a simple name', node as ASTNode);
}

function entriesOf(value: unknown): readonly Entry[] {
  if (Array.isArray(value)) return value.map((item, index) => [BigInt(index), item]);
  if (value instanceof Map) return [...value];
  return Object.entries((value ?? {}) as object);
}

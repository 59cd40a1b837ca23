/** The tree of an expression. `size` and `depth` are counted while it is built, so that bounds hold before anything walks the tree. */

type Shape =
  | { readonly kind: 'Nil' }
  | { readonly kind: 'Bool'; readonly value: boolean }
  | { readonly kind: 'Integer'; readonly value: bigint }
  | { readonly kind: 'Float'; readonly value: number }
  | { readonly kind: 'Text'; readonly value: string }
  | { readonly kind: 'Name'; readonly name: string }
  | { readonly kind: 'Unary'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'Binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  /** Ends a chain of `?.`: where a link is nil the whole is nil. */
  | { readonly kind: 'Chain'; readonly node: Node }
  | { readonly kind: 'Member'; readonly node: Node; readonly property: Node; readonly isOptional: boolean; readonly isMethod: boolean }
  | { readonly kind: 'Slice'; readonly node: Node; readonly from: Node | undefined; readonly to: Node | undefined }
  | { readonly kind: 'Call'; readonly callee: Node; readonly parameters: Node[] }
  | { readonly kind: 'Builtin'; readonly name: string; readonly parameters: Node[] }
  | { readonly kind: 'Predicate'; readonly node: Node }
  /** `#` (name empty), `#acc`, `#index`, and what a leading dot stands on. */
  | { readonly kind: 'Pointer'; readonly name: string }
  | { readonly kind: 'Let'; readonly name: string; readonly value: Node; readonly body: Node }
  | { readonly kind: 'Sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'Conditional'; readonly condition: Node; readonly then: Node; readonly otherwise: Node }
  | { readonly kind: 'List'; readonly nodes: readonly Node[] }
  | { readonly kind: 'Map'; readonly pairs: readonly { readonly key: Node; readonly value: Node }[] };

export type Node = Shape & { readonly size: number; readonly depth: number };
export type NodeShape = Shape;
export type NodeOf<K extends Shape['kind']> = Extract<Shape, { kind: K }> & { readonly size: number; readonly depth: number };

/** A node with its bounds counted. */
export function nodeOf(shape: Shape): Node {
  let size = 1;
  let depth = 0;
  for (const child of childrenOf(shape)) {
    size += child.size;
    depth = Math.max(depth, child.depth);
  }
  return { ...shape, size, depth: depth + 1 };
}

function childrenOf(shape: Shape): readonly Node[] {
  switch (shape.kind) {
    case 'Nil':
    case 'Bool':
    case 'Integer':
    case 'Float':
    case 'Text':
    case 'Name':
    case 'Pointer':
      return [];
    case 'Unary':
      return [shape.operand];
    case 'Binary':
      return [shape.left, shape.right];
    case 'Chain':
    case 'Predicate':
      return [shape.node];
    case 'Member':
      return [shape.node, shape.property];
    case 'Slice':
      return [shape.node, shape.from, shape.to].filter((node) => node !== undefined);
    case 'Call':
      return [shape.callee, ...shape.parameters];
    case 'Builtin':
      return shape.parameters;
    case 'Let':
      return [shape.value, shape.body];
    case 'Sequence':
    case 'List':
      return shape.nodes;
    case 'Conditional':
      return [shape.condition, shape.then, shape.otherwise];
    case 'Map':
      return shape.pairs.flatMap(({ key, value }) => [key, value]);
  }
}

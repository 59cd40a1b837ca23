/** The messages of Kubernetes: which field has which number, name in JSON and type. Each is read from the data file when first needed. */
import packed from './messages.data.json' with { type: 'json' };

/** `scalar` is `s`tring, `i`nteger, `b`oolean, b`y`tes or `d`ouble; `message` a position in the list. */
export type FieldType = { readonly scalar: string } | { readonly message: number };

export type Field = {
  readonly name: string;
  readonly type: FieldType;
  readonly many: 'one' | 'list' | 'map';
  /** A pointer in Go: a value that is there was meant, even if it is zero. */
  readonly isPointer: boolean;
  /** Left out of JSON when it is a zero number, text or truth value. */
  readonly omitsEmpty: boolean;
  /** Left out of JSON when it is a zero struct, such as a time. */
  readonly omitsZero: boolean;
  /** Its fields stand in the message itself in JSON. */
  readonly isInline: boolean;
};

export type Message = { readonly name: string; readonly fields: ReadonlyMap<number, Field> };

let lines: readonly string[] | undefined;
let positions: ReadonlyMap<string, number> | undefined;
const parsed: (Message | undefined)[] = [];

function allLines(): readonly string[] {
  lines ??= packed.text.split('\n');
  return lines;
}

export function messageAt(position: number): Message {
  let message = parsed[position];
  if (message === undefined) {
    message = parse(allLines()[position] ?? '');
    parsed[position] = message;
  }
  return message;
}

/** @param name - of the definition in OpenAPI, `io.k8s.api.core.v1.Pod` */
export function messageNamed(name: string): Message | undefined {
  positions ??= new Map(allLines().map((line, position) => [line.slice(0, line.indexOf(' ')), position]));
  const position = positions.get(name);
  return position === undefined ? undefined : messageAt(position);
}

/** The notation of scripts/protobuf/generate.ts. */
function parse(line: string): Message {
  const [name = '', ...fields] = line.split(' ');
  return {
    name,
    fields: new Map(
      fields.map((text) => {
        const [, number = '', flags = '', jsonName = '', prefix = '', type = ''] = /^(\d+)([*?~^]*):(.*?):([[{]?)(\w+)$/.exec(text) ?? [];
        const field: Field = {
          name: jsonName,
          type: /^\d+$/.test(type) ? { message: Number(type) } : { scalar: type },
          many: prefix === '[' ? 'list' : prefix === '{' ? 'map' : 'one',
          isPointer: flags.includes('*'),
          omitsEmpty: flags.includes('?'),
          omitsZero: flags.includes('~'),
          isInline: flags.includes('^'),
        };
        return [Number(number), field];
      }),
    ),
  };
}

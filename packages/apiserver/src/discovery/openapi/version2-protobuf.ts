/**
 * The OpenAPI v2 document in the protobuf form that Go clients ask for. Field numbers are those of gnostic's OpenAPIv2.proto; only what
 * our own document contains is written.
 */
import { booleanField, doubleField, type FieldBytes, integerField, messageField, textField, textFields } from '../../protobuf/writer.ts';

type Node = Readonly<Record<string, unknown>>;

/** @param document - as it is answered in JSON */
export function encodeVersion2(document: Node): Buffer {
  const info = node(document.info);
  return Buffer.concat([
    ...textField(1, document.swagger),
    ...messageField(2, textField(1, info.title), textField(2, info.version)),
    ...messageField(8, named(2, document.paths, pathItem)),
    ...messageField(9, named(1, document.definitions, schema)),
  ]);
}

/** Entries of a map: a message of name and value each. */
function named(number: number, map: unknown, encode: (value: Node) => FieldBytes): FieldBytes {
  return Object.entries(node(map)).flatMap(([name, value]) =>
    messageField(number, textField(1, name), messageField(2, encode(node(value)))),
  );
}

const methods = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(item: Node): FieldBytes {
  const operations = Object.entries(methods).flatMap(([method, number]) =>
    item[method] === undefined ? [] : messageField(number, operation(node(item[method]))),
  );
  return [...operations, ...parameters(9, item.parameters)];
}

function operation(item: Node): FieldBytes {
  return [
    ...textFields(1, item.tags),
    ...textField(5, item.operationId),
    ...textFields(6, item.produces),
    ...textFields(7, item.consumes),
    ...parameters(8, item.parameters),
    ...messageField(
      9,
      named(1, item.responses, (response) =>
        messageField(
          1,
          textField(1, response.description),
          optional(2, response.schema, (of) => messageField(1, schema(of))),
        ),
      ),
    ),
    ...extensions(13, item),
  ];
}

function parameters(number: number, list: unknown): FieldBytes {
  return (Array.isArray(list) ? (list as readonly Node[]) : []).flatMap((parameter) =>
    messageField(number, messageField(1, parameterOf(parameter))),
  );
}

function parameterOf(item: Node): FieldBytes {
  if (item.in === 'body') {
    return messageField(
      1,
      textField(2, item.name),
      textField(3, item.in),
      booleanField(4, item.required),
      optional(5, item.schema, schema),
    );
  }
  const isPath = item.in === 'path';
  const fields = [
    ...booleanField(1, item.required),
    ...textField(2, item.in),
    ...textField(4, item.name),
    ...textField(isPath ? 5 : 6, item.type),
    ...booleanField(isPath ? 19 : 20, item.uniqueItems),
  ];
  return messageField(2, messageField(isPath ? 4 : 3, fields));
}

function schema(item: Node): FieldBytes {
  return [
    ...textField(1, item.$ref),
    ...textField(2, item.format),
    ...textField(3, item.title),
    ...textField(4, item.description),
    ...(item.default === undefined ? [] : messageField(5, any(item.default))),
    ...doubleField(6, item.multipleOf),
    ...doubleField(7, item.maximum),
    ...booleanField(8, item.exclusiveMaximum),
    ...doubleField(9, item.minimum),
    ...booleanField(10, item.exclusiveMinimum),
    ...integerField(11, item.maxLength),
    ...integerField(12, item.minLength),
    ...textField(13, item.pattern),
    ...integerField(14, item.maxItems),
    ...integerField(15, item.minItems),
    ...booleanField(16, item.uniqueItems),
    ...integerField(17, item.maxProperties),
    ...integerField(18, item.minProperties),
    ...textFields(19, item.required),
    ...(Array.isArray(item.enum) ? item.enum.flatMap((value) => messageField(20, any(value))) : []),
    ...additional(item.additionalProperties),
    ...(typeof item.type === 'string' ? messageField(22, textField(1, item.type)) : []),
    ...optional(23, item.items, (items) => messageField(1, schema(items))),
    ...(item.properties === undefined ? [] : messageField(25, named(1, item.properties, schema))),
    ...extensions(31, item),
  ];
}

function additional(value: unknown): FieldBytes {
  if (value === undefined) return [];
  return typeof value === 'boolean' ? messageField(21, booleanField(2, value)) : messageField(21, messageField(1, schema(node(value))));
}

function extensions(number: number, item: Node): FieldBytes {
  return Object.entries(item).flatMap(([name, value]) =>
    name.startsWith('x-') ? messageField(number, textField(1, name), messageField(2, any(value))) : [],
  );
}

/** Any value travels as YAML, of which JSON is a part. */
function any(value: unknown): FieldBytes {
  return textField(2, JSON.stringify(value));
}

function optional(number: number, value: unknown, encode: (value: Node) => FieldBytes): FieldBytes {
  return value === undefined ? [] : messageField(number, encode(node(value)));
}

function node(value: unknown): Node {
  return typeof value === 'object' && value !== null ? (value as Node) : {};
}

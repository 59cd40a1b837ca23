import { describe, expect, it } from 'vitest';
import { compileCrdSchema, conform, formatProblem, type Rule, type Schema, validateRules } from './index.ts';

// Verdicts and words were recorded from a Kubernetes 1.34 server, which was sent the same definitions and objects.

function specWith(properties: Record<string, Schema>, ...rules: readonly (string | Rule)[]): Schema {
  const validations = rules.map((rule) => (typeof rule === 'string' ? { rule } : rule));
  return { type: 'object', properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': validations } } };
}

function compiled(schema: Schema): Schema {
  const result = compileCrdSchema(schema);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.schema;
}

function refusals(schema: Schema): readonly string[] {
  const result = compileCrdSchema(schema);
  return result.ok ? [] : result.problems.map(formatProblem);
}

function object(spec: object): object {
  return { apiVersion: 'e/v1', kind: 'E', metadata: { name: 'web' }, spec };
}

function verdict(schema: Schema, spec: object, old?: object): readonly string[] {
  return validateRules(compiled(schema), object(spec), old === undefined ? undefined : object(old)).map(formatProblem);
}

const properties: Record<string, Schema> = {
  a: { type: 'integer' },
  b: { type: 'integer' },
  s: { type: 'string' },
  t: { type: 'string' },
  f: { type: 'number' },
  list: { type: 'array', items: { type: 'string' } },
  ints: { type: 'array', items: { type: 'integer' } },
  objs: { type: 'array', items: { type: 'object', properties: { n: { type: 'string' }, v: { type: 'integer' } } } },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  port: { 'x-kubernetes-int-or-string': true },
  when: { type: 'string', format: 'date-time' },
  wait: { type: 'string', format: 'duration' },
  'a-b.c/d__e': { type: 'string' },
  namespace: { type: 'string' },
  sub: { type: 'object', properties: { x: { type: 'integer' } } },
  none: { type: 'string', nullable: true },
};

const filled = {
  a: 3,
  b: 4,
  s: 'abc',
  t: '10.1.2.3',
  f: 2,
  list: ['aa', 'b'],
  ints: [1, 2, 3],
  objs: [{ n: 'q', v: 3 }, { n: 'r' }],
  labels: { k: 'v' },
  port: '50%',
  when: '2023-01-01T00:00:00Z',
  wait: '2h',
  'a-b.c/d__e': 'z',
  namespace: 'z',
  sub: { x: 2 },
  none: null,
};

describe('rules', () => {
  it.each([
    'self.a < self.b && self.a + 1 == self.b && self.b / 2 == 2 && self.a % 2 == 1',
    'self.f > 1 && double(self.a) / 2.0 == 1.5 && dyn(self.a) == 3.0',
    "self.s.startsWith('a') && self.s.endsWith('c') && self.s.contains('b') && self.s.matches('^[a-c]+$') && self.s.matches('(?i)ABC')",
    "self.list.all(x, size(x) > 0) && self.list.exists(x, x == 'b') && self.list.exists_one(x, x == 'aa')",
    "self.list.filter(x, x.size() > 1) == ['aa'] && self.list.map(x, x + '!') == ['aa!', 'b!']",
    "self.labels.all(k, self.labels[k] == 'v') && 'k' in self.labels && self.labels.k == 'v' && !('z' in self.labels)",
    'has(self.sub.x) && !has(self.none) && self.objs.filter(o, has(o.v)).all(o, o.v > 2)',
    "type(self.port) == string ? self.port.endsWith('%') : self.port > 10",
    "self.when < timestamp('2024-01-01T00:00:00Z') && self.when.getFullYear() == 2023 && self.wait > duration('1h')",
    "self.a__dash__b__dot__c__slash__d__underscores__e == 'z' && self.__namespace__ == 'z'",
    "quantity('1.5Gi').isGreaterThan(quantity('1Gi')) && quantity('1500m').add(quantity('500m')).asInteger() == self.a - 1 && !isQuantity(self.s)",
    "url('https://u@h:80/p?a=b&a=c').getHost() == 'h:80' && url('https://h/').getQuery() == {} && isURL('http://h/') && !isURL(self.s)",
    "isIP(self.t) && ip(self.t).family() == 4 && cidr('10.0.0.0/8').containsIP(self.t) && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
    "ip.isCanonical('::1') && string(ip('0:0::1')) == '::1' && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
    "self.s.upperAscii() == 'ABC' && 'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && 'aa'.replace('a', 'b', 1) == 'ba'",
    "self.s.substring(1) == 'bc' && self.s.indexOf('c') == 2 && ' x '.trim() == 'x' && self.s.charAt(0) == 'a'",
    "'%s-%d-%.2f-%x'.format([self.s, self.a, 1.5, 255]) == 'abc-3-1.50-ff'",
    "'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('[0-9]+') == ['1', '22']",
    'self.ints.isSorted() && self.ints.sum() == 6 && self.ints.min() == 1 && self.ints.max() == 3 && self.ints.indexOf(2) == 1',
    "sets.contains(self.list, ['aa']) && sets.equivalent(self.ints, [3, 2, 1]) && !sets.intersects(self.ints, [9])",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('1.2.3') && !isSemver(self.s)",
    "self.?sub.?x.orValue(7) == 2 && self.list[?9].orValue('none') == 'none' && optional.of(self.a).value() == 3",
    "self.list.all(i, v, i < 2 && v != '') && self.ints.exists(i, v, i + 1 == v) && self.labels.transformMap(k, v, v + 'x') == {'k': 'vx'}",
  ])('hold: %s', (rule) => {
    expect(verdict(specWith(properties, rule), filled)).toEqual([]);
  });

  it.each([
    ['a failed rule', { rule: 'self.a > self.b' }, 'spec: Invalid value: "object": failed rule: self.a > self.b'],
    ['a message', { rule: 'self.a > self.b', message: ' too small ' }, 'spec: Invalid value: "object": too small'],
    [
      'a message expression',
      { rule: 'self.a > 9', messageExpression: "'a is ' + string(self.a)" },
      'spec: Invalid value: "object": a is 3',
    ],
    [
      'a message for an expression that fails',
      { rule: 'self.a > 9', message: 'm', messageExpression: "self.list[9] + ''" },
      'spec: Invalid value: "object": m',
    ],
    ['a reason', { rule: 'self.a > 9', message: 'm', reason: 'FieldValueForbidden' }, 'spec: Forbidden: m'],
    ['a field path', { rule: 'self.a > 9', message: 'm', fieldPath: '.sub.x' }, 'spec.sub.x: Invalid value: "object": m'],
    [
      'a missing field',
      { rule: 'self.objs[1].v > 1' },
      'spec: Invalid value: "object": no such key: v evaluating rule: self.objs[1].v > 1',
    ],
    [
      'an index too far',
      { rule: "self.list[5] == 'a'" },
      `spec: Invalid value: "object": index out of bounds: 5 evaluating rule: self.list[5] == 'a'`,
    ],
    ['a division by zero', { rule: 'self.a / 0 > 1' }, 'spec: Invalid value: "object": division by zero evaluating rule: self.a / 0 > 1'],
    [
      'an operator that its values do not have',
      { rule: 'self.port > 10' },
      `spec: Invalid value: "object": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.port > 10`,
    ],
  ])('report %s', (_, rule, message) => {
    expect(verdict(specWith(properties, rule), filled)).toEqual([message]);
  });

  it('see the name of the object, and paths of items and of keys', () => {
    const schema: Schema = {
      type: 'object',
      'x-kubernetes-validations': [{ rule: "self.metadata.name == 'other'", message: 'name' }],
      properties: {
        spec: {
          type: 'object',
          properties: {
            list: { type: 'array', items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1', message: 'item' }] } },
            map: {
              type: 'object',
              additionalProperties: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'x'", message: 'key' }] },
            },
          },
        },
      },
    };
    expect(verdict(schema, { list: [5, 1], map: { 'a/b': 'x' } })).toEqual([
      '<nil>: Invalid value: "object": name',
      'spec.list[1]: Invalid value: "integer": item',
      'spec.map[a/b]: Invalid value: "string": key',
    ]);
  });

  describe('about a transition', () => {
    const schema = specWith({
      fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
      grows: {
        type: 'integer',
        'x-kubernetes-validations': [
          { rule: '!oldSelf.hasValue() || self >= oldSelf.value()', optionalOldSelf: true, message: 'must not shrink' },
        ],
      },
      parts: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['n'],
        items: {
          type: 'object',
          required: ['n'],
          properties: { n: { type: 'string' }, v: { type: 'integer' } },
          'x-kubernetes-validations': [
            { rule: 'self.v < 100', message: 'too big' },
            { rule: 'self.v >= oldSelf.v', message: 'shrinks' },
          ],
        },
      },
    });

    it.each([
      ['runs where the old value exists', { fixed: 'b' }, { fixed: 'a' }, ['spec.fixed: Invalid value: "string": is immutable']],
      ['does not run where there was none', { fixed: 'b' }, {}, []],
      ['does not run on creation', { fixed: 'b' }, undefined, []],
      ['runs with an optional old value', { grows: 2 }, { grows: 3 }, ['spec.grows: Invalid value: "integer": must not shrink']],
      ['runs without one if it asks for that', { grows: 2 }, undefined, []],
      [
        'finds the old item by its key',
        {
          parts: [
            { n: 'b', v: 4 },
            { n: 'c', v: 1 },
          ],
        },
        {
          parts: [
            { n: 'a', v: 5 },
            { n: 'b', v: 5 },
          ],
        },
        ['spec.parts[0]: Invalid value: "object": shrinks'],
      ],
      [
        'lets through what was wrong before and has not changed',
        { parts: [{ n: 'a', v: 200 }], grows: 1 },
        { parts: [{ n: 'a', v: 200 }] },
        [],
      ],
      [
        'judges anew what has changed',
        { parts: [{ n: 'a', v: 201 }] },
        { parts: [{ n: 'a', v: 200 }] },
        ['spec.parts[0]: Invalid value: "object": too big'],
      ],
    ])('%s', (_, next, old, messages) => {
      expect(verdict(schema, next, old)).toEqual(messages);
    });
  });
});

const shown = (rule: string): string =>
  `{"Rule":${JSON.stringify(rule).replaceAll('>', '\\u003e')},"Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}`;

describe('a rule that cannot compile refuses the definition', () => {
  it.each([
    ['self.nope > 1', "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope > 1\n | ....^"],
    ['foo > 1', "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo > 1\n | ^"],
    ['self.a > "x"', `ERROR: <input>:1:8: found no matching overload for '_>_' applied to '(int, string)'\n | self.a > "x"\n | .......^`],
    ['size(self.a) > 1', "ERROR: <input>:1:5: found no matching overload for 'size' applied to '(int)'\n | size(self.a) > 1\n | ....^"],
    ['has(self.nope)', "ERROR: <input>:1:4: undefined field 'nope'\n | has(self.nope)\n | ...^"],
    ['self.s.foo()', "ERROR: <input>:1:11: undeclared reference to 'foo' (in container '')\n | self.s.foo()\n | ..........^"],
  ])('%s', (rule, words) => {
    expect(refusals(specWith(properties, rule))).toEqual([
      `openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: ${shown(rule)}: compilation failed: ${words}`,
    ]);
  });

  it('and so does one that is no condition, or no text, or judges what cannot be told apart', () => {
    const at = 'openAPIV3Schema.properties[spec]';
    expect(refusals(specWith(properties, 'self.a'))).toEqual([
      `${at}.x-kubernetes-validations[0].rule: Invalid value: ${shown('self.a')}: cel expression must evaluate to a bool`,
    ]);
    expect(refusals(specWith(properties, { rule: 'self.a > 1', messageExpression: 'self.a' }))[0]).toContain(
      'messageExpression must evaluate to a string',
    );
    const items: Schema = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] };
    expect(refusals(specWith({ list: { type: 'array', items } }))).toEqual([
      `${at}.properties[list].items.x-kubernetes-validations[0].rule: Invalid value: "self > oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[list]`,
    ]);
  });
});

describe('compileCrdSchema', () => {
  const spec = (properties: object): unknown => ({ type: 'object', properties: { spec: { type: 'object', properties } } });
  const at = 'openAPIV3Schema.properties[spec].properties[a]';

  it.each([
    ['a field without a type', spec({ a: {} }), [`${at}.type: Required value: must not be empty for specified object fields`]],
    ['a list without items', spec({ a: { type: 'array' } }), [`${at}.items: Required value: must be specified`]],
    ['a root that is no object', { type: 'string' }, ['openAPIV3Schema.type: Invalid value: "string": must be object at the root']],
    [
      'a type of no known name',
      spec({ a: { type: 'strong' } }),
      [`${at}.type: Unsupported value: "strong": supported values: "array", "boolean", "integer", "number", "object", "string"`],
    ],
    [
      'a broken pattern',
      spec({ a: { type: 'string', pattern: '(' } }),
      [`${at}.pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): \`(\``],
    ],
    ['a reference', spec({ a: { $ref: '#/x' } }), [`${at}.$ref: Forbidden: $ref is not supported`]],
    [
      'unique items',
      spec({ a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }),
      [`${at}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`],
    ],
    [
      'fields beside a map',
      spec({ a: { type: 'object', properties: { b: { type: 'string' } }, additionalProperties: { type: 'string' } } }),
      [`${at}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
    ],
    [
      'a type inside an alternative',
      spec({ a: { type: 'string', anyOf: [{ type: 'string' }] } }),
      [`${at}.anyOf[0].type: Forbidden: must be empty to be structural`],
    ],
    [
      'a field that only an alternative knows',
      { type: 'object', properties: {}, oneOf: [{ properties: { q: { minLength: 1 } } }] },
      ['openAPIV3Schema.properties[q]: Required value: because it is defined in openAPIV3Schema.oneOf[0].properties[q]'],
    ],
    [
      'a key of a list that may be missing',
      spec({
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['n'],
          items: { type: 'object', properties: { n: { type: 'string' } } },
        },
      }),
      [
        `${at}.items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ],
    ],
    [
      'a default of the wrong type',
      spec({ a: { type: 'integer', default: 'x' } }),
      [`${at}.default: Invalid value: "string":  in body must be of type integer: "string"`],
    ],
    [
      'a default with unknown fields',
      spec({ a: { type: 'object', properties: { b: { type: 'string' } }, default: { c: 1 } } }),
      [`${at}.default: Invalid value: {"c":1}: must not have unknown fields`],
    ],
    [
      'a default that breaks a rule',
      spec({ a: { type: 'integer', default: 1, 'x-kubernetes-validations': [{ rule: 'self > 3' }] } }),
      [`${at}.default: Invalid value: "integer": failed rule: self > 3`],
    ],
    [
      'more metadata than a name',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      [
        'openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
  ])('refuses %s', (_, schema, messages) => {
    expect(refusals(schema as Schema)).toEqual(messages);
  });

  it('takes what usual definitions have', () => {
    const schema = spec({
      port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      resource: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      names: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      deep: {
        type: 'object',
        default: {},
        properties: { x: { type: 'object', default: {}, properties: { y: { type: 'string', default: 'z' } } } },
      },
    });
    expect(refusals(schema as Schema)).toEqual([]);
    const given = object({ any: { a: [{ b: 1 }] }, port: '50%', resource: { apiVersion: 'v1', kind: 'Pod', spec: { a: 1 } } });
    const { object: result, problems } = conform(schema as Schema, given, { prune: true, defaults: true, validate: true });
    expect(problems).toEqual([]);
    expect(result).toMatchObject({ spec: { any: { a: [{ b: 1 }] }, deep: { x: { y: 'z' } }, resource: { spec: { a: 1 } } } });
  });
});

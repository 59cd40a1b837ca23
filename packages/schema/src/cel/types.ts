/** Schemas as CEL types, so that a rule is checked when its CRD is stored: unknown fields and wrong operators are found then. */
import type { Environment } from '@marcbachmann/cel-js';
import type { Schema } from '../schema.ts';
import { baseEnvironment } from './environment.ts';
import { celEqual } from './lists.ts';
import { escapeName, visibleProperties } from './values.ts';

/** Names and registers the types of one CRD schema. */
export class CelTypes {
  readonly #env: Environment = baseEnvironment().clone();
  readonly #names = new Map<Schema, string>();
  readonly #typed = new Map<string, Environment>();
  #count = 0;

  /**
   * Registers what a node's rules need and names the type of `self`; `undefined` if rules cannot see the node. A clone freezes its
   * parent, so call this for every node before `environment`.
   */
  selfType(schema: Schema, isResource: boolean): string | undefined {
    return this.#typeOf(schema, isResource);
  }

  /** An environment in which `self` has a type that `selfType` named. `oldSelf` is optional where the rule wants that. */
  environment(type: string, isOldOptional: boolean): Environment {
    const key = `${type} ${isOldOptional}`;
    let env = this.#typed.get(key);
    if (env === undefined) {
      env = this.#env
        .clone()
        .registerVariable('self', type)
        .registerVariable('oldSelf', isOldOptional ? `optional<${type}>` : type);
      this.#typed.set(key, env);
    }
    return env;
  }

  #childType(schema: Schema): string | undefined {
    return this.#typeOf(schema, schema['x-kubernetes-embedded-resource'] === true);
  }

  #typeOf(schema: Schema, isResource: boolean): string | undefined {
    if (schema['x-kubernetes-int-or-string'] === true) return 'dyn';
    switch (schema.type) {
      case 'object':
        return this.#objectType(schema, isResource);
      case 'array': {
        const items = schema.items === undefined ? undefined : this.#childType(schema.items);
        return items === undefined ? undefined : `list<${items}>`;
      }
      case 'string':
        return textType(schema.format);
      case 'boolean':
        return 'bool';
      case 'integer':
        return 'int';
      case 'number':
        return 'double';
      default:
        return undefined;
    }
  }

  #objectType(schema: Schema, isResource: boolean): string | undefined {
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') {
      const values = this.#childType(additionalProperties);
      return values === undefined ? undefined : `map<string, ${values}>`;
    }
    const known = this.#names.get(schema);
    if (known !== undefined) return known;
    const fields: Record<string, string> = {};
    for (const [key, child] of Object.entries(visibleProperties(schema, isResource))) {
      const type = this.#childType(child);
      const name = escapeName(key);
      if (type !== undefined && name !== undefined) fields[name] = type;
    }
    this.#count++;
    const name = `Object${this.#count}`;
    this.#names.set(schema, name);
    this.#env.registerType(name, { fields });
    this.#env.registerOperator(`${name} == ${name}`, celEqual);
    return name;
  }
}

function textType(format: string | undefined): string {
  switch (format) {
    case 'byte':
      return 'bytes';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'date':
    case 'date-time':
      return 'google.protobuf.Timestamp';
    default:
      return 'string';
  }
}

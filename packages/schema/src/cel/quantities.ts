/** Quantities and semantic versions in rules: Kubernetes' `quantity` and `semver` libraries. */
import type { Environment } from '@marcbachmann/cel-js';
import { formatQuantity, parseQuantity, type Quantity } from '@sluice/api';

const nanosPerUnit = 1_000_000_000n;

class CelQuantity {
  readonly value: Quantity;

  constructor(value: Quantity) {
    this.value = value;
  }

  toString(): string {
    return formatQuantity(this.value);
  }

  valueOf(): bigint {
    return this.value.nanos;
  }
}

export function registerQuantities(env: Environment): void {
  const type = 'kubernetes.Quantity';
  env.registerType(type, { ctor: CelQuantity, fields: {} });
  env.registerOperator(`${type} == ${type}`, (a: CelQuantity, b: CelQuantity) => a.value.nanos === b.value.nanos);
  env.registerFunction(`quantity(string): ${type}`, quantityOf);
  env.registerFunction('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined);
  env.registerFunction(`sign(${type}): int`, (a: CelQuantity) => sign(a.value.nanos));
  env.registerFunction(`${type}.sign(): int`, (a: CelQuantity) => sign(a.value.nanos));
  env.registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => a.value.nanos > b.value.nanos);
  env.registerFunction(`${type}.isLessThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => a.value.nanos < b.value.nanos);
  env.registerFunction(`${type}.compareTo(${type}): int`, (a: CelQuantity, b: CelQuantity) => sign(a.value.nanos - b.value.nanos));
  env.registerFunction(`${type}.asApproximateFloat(): double`, (a: CelQuantity) => Number(a.value.nanos) / 1e9);
  env.registerFunction(`${type}.asInteger(): int`, asInteger);
  env.registerFunction(`${type}.isInteger(): bool`, (a: CelQuantity) => a.value.nanos % nanosPerUnit === 0n);
  for (const [name, direction] of [
    ['add', 1n],
    ['sub', -1n],
  ] as const) {
    env.registerFunction(`${type}.${name}(${type}): ${type}`, (a: CelQuantity, b: CelQuantity) => plus(a, direction * b.value.nanos));
    env.registerFunction(`${type}.${name}(int): ${type}`, (a: CelQuantity, b: bigint) => plus(a, direction * b * nanosPerUnit));
  }
  registerVersions(env);
}

function quantityOf(text: string): CelQuantity {
  const value = parseQuantity(text);
  if (value === undefined) {
    throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  return new CelQuantity(value);
}

function asInteger(a: CelQuantity): bigint {
  if (a.value.nanos % nanosPerUnit !== 0n) throw new Error('cannot convert value to integer');
  return a.value.nanos / nanosPerUnit;
}

function plus(a: CelQuantity, nanos: bigint): CelQuantity {
  return new CelQuantity({ ...a.value, nanos: a.value.nanos + nanos });
}

function sign(value: bigint): bigint {
  return value > 0n ? 1n : value < 0n ? -1n : 0n;
}

class CelVersion {
  readonly text: string;
  readonly numbers: readonly bigint[];
  readonly pre: readonly string[];

  constructor(text: string, numbers: readonly bigint[], pre: readonly string[]) {
    this.text = text;
    this.numbers = numbers;
    this.pre = pre;
  }

  toString(): string {
    return this.text;
  }
}

function registerVersions(env: Environment): void {
  const type = 'kubernetes.Semver';
  env.registerType(type, { ctor: CelVersion, fields: {} });
  env.registerOperator(`${type} == ${type}`, (a: CelVersion, b: CelVersion) => compareVersions(a, b) === 0n);
  const make = (text: string, isLoose: boolean): CelVersion => {
    const version = versionOf(text, isLoose);
    if (version === undefined)
      throw new Error(text.split('.').length < 3 ? 'No Major.Minor.Patch elements found' : `Invalid character(s) found in "${text}"`);
    return version;
  };
  env.registerFunction(`semver(string): ${type}`, (text: string) => make(text, false));
  env.registerFunction(`semver(string, bool): ${type}`, (text: string, isLoose: boolean) => make(text, isLoose));
  env.registerFunction('isSemver(string): bool', (text: string) => versionOf(text, false) !== undefined);
  env.registerFunction('isSemver(string, bool): bool', (text: string, isLoose: boolean) => versionOf(text, isLoose) !== undefined);
  env.registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: CelVersion, b: CelVersion) => compareVersions(a, b) > 0n);
  env.registerFunction(`${type}.isLessThan(${type}): bool`, (a: CelVersion, b: CelVersion) => compareVersions(a, b) < 0n);
  env.registerFunction(`${type}.compareTo(${type}): int`, compareVersions);
  for (const [index, name] of ['major', 'minor', 'patch'].entries()) {
    env.registerFunction(`${type}.${name}(): int`, (a: CelVersion) => a.numbers[index] ?? 0n);
  }
}

/** A loose version may begin with `v`, lack parts, and have leading zeros. */
function versionOf(text: string, isLoose: boolean): CelVersion | undefined {
  const strict = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
  const loose = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
  const match = (isLoose ? loose : strict).exec(text);
  if (match === null) return undefined;
  const pre = match[4]?.split('.') ?? [];
  if (pre.some((part) => part === '' || (!isLoose && /^0\d+$/.test(part)))) return undefined;
  return new CelVersion(text, [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)], pre);
}

/** Precedence of semver.org, clause 11. */
function compareVersions(a: CelVersion, b: CelVersion): bigint {
  for (let i = 0; i < 3; i++) {
    const difference = (a.numbers[i] ?? 0n) - (b.numbers[i] ?? 0n);
    if (difference !== 0n) return sign(difference);
  }
  if (a.pre.length === 0 || b.pre.length === 0) return BigInt(Math.sign(b.pre.length - a.pre.length));
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const left = a.pre[i];
    const right = b.pre[i];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1n : 1n;
    const areNumbers = [left, right].map((part) => /^\d+$/.test(part));
    if (areNumbers[0] === true && areNumbers[1] === true) return sign(BigInt(left) - BigInt(right));
    if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] === true ? -1n : 1n;
    return left < right ? -1n : 1n;
  }
  return 0n;
}

/** Validation of a pod's volumes: names, one type each, and what the common types need. */
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from './field-error.ts';
import { dnsLabelProblems } from './name-rules.ts';
import { parseQuantity } from './quantity.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from './untyped.ts';

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const modeMessage = 'must be a number between 0 and 0777 (octal), both inclusive';

/** In the order in which the API server looks at them: it complains about every type after the first. */
const types: Readonly<Record<string, (path: string, source: Fields) => readonly FieldError[]>> = {
  emptyDir: (path, source) => {
    const limit = source.sizeLimit;
    const quantity = limit === undefined ? undefined : parseQuantity(limit as string | number);
    const isNegative = quantity !== undefined && quantity.nanos < 0n;
    return isNegative ? [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')] : [];
  },
  hostPath: (path, source) => {
    const hostPath = textOf(source.path);
    const type = textOf(source.type);
    return [
      ...(hostPath === '' ? [required(`${path}.path`)] : []),
      ...backsteps(`${path}.path`, hostPath),
      ...(hostPathTypes.includes(type) ? [] : [notSupported(`${path}.type`, type, hostPathTypes)]),
    ];
  },
  secret: (path, source) => files(path, 'secretName', source),
  configMap: (path, source) => files(path, 'name', source),
  persistentVolumeClaim: (path, source) => (textOf(source.claimName) === '' ? [required(`${path}.claimName`)] : []),
  csi: (path, source) => (textOf(source.driver) === '' ? [required(`${path}.driver`)] : []),
};

export function validateVolumes(path: string, volumes: readonly Fields[]): readonly FieldError[] {
  const seen = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const name = textOf(volume.name);
    const errors = [...validateSource(at, volume)];
    if (name === '') errors.push(required(`${at}.name`));
    else errors.push(...dnsLabelProblems(name).map((problem) => invalid(`${at}.name`, name, problem)));
    if (name !== '' && seen.has(name)) errors.push(duplicate(`${at}.name`, name));
    seen.add(name);
    return errors;
  });
}

function validateSource(at: string, volume: Fields): readonly FieldError[] {
  const given = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== undefined && volume[key] !== null);
  const order = [...Object.keys(types).filter((type) => given.includes(type)), ...given.filter((type) => !Object.hasOwn(types, type))];
  return order.flatMap((type, position) => {
    if (position > 0) return [forbidden(`${at}.${type}`, 'may not specify more than 1 volume type')];
    return types[type]?.(`${at}.${type}`, fieldsOf(volume[type])) ?? [];
  });
}

function files(path: string, nameField: string, source: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (textOf(source[nameField]) === '') errors.push(required(`${path}.${nameField}`));
  errors.push(...mode(`${path}.defaultMode`, source.defaultMode));
  for (const [index, item] of itemsOf(source.items).entries()) {
    const at = `${path}.items[${index}]`;
    const file = textOf(item.path);
    if (textOf(item.key) === '') errors.push(required(`${at}.key`));
    if (file === '') errors.push(required(`${at}.path`));
    if (file.startsWith('/')) errors.push(invalid(`${at}.path`, file, 'must be a relative path'));
    errors.push(...backsteps(`${at}.path`, file), ...mode(`${at}.mode`, item.mode));
  }
  return errors;
}

function mode(path: string, value: unknown): readonly FieldError[] {
  const number = numberOf(value);
  return number !== undefined && (number < 0 || number > 0o777) ? [invalid(path, number, modeMessage)] : [];
}

export function backsteps(path: string, value: string): readonly FieldError[] {
  return value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : [];
}

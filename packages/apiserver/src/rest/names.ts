/** Rules and texts for names, labels and annotations. @see apimachinery util/validation and api/validation */
import type { FieldProblem } from '@sluice/schema';
import { invalidValue } from './errors.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const qualifiedName = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';

const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${label}(?:\\.${label})*$`);
const dns1035Pattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedPattern = new RegExp(`^${qualifiedName}$`);
const valuePattern = new RegExp(`^(${qualifiedName})?$`);

/** What is wrong with a DNS-1123 subdomain; empty when nothing is. */
export function subdomainProblems(text: string): readonly string[] {
  if (text.length > 253) return ['must be no more than 253 characters'];
  if (subdomainPattern.test(text)) return [];
  return [
    `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
  ];
}

export function labelNameProblems(text: string): readonly string[] {
  const problems: string[] = [];
  if (text.length > 63) problems.push('must be no more than 63 characters');
  if (!labelPattern.test(text) && subdomainPattern.test(text)) problems.push('must not contain dots');
  else if (!labelPattern.test(text))
    problems.push(
      `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
    );
  return problems;
}

export function dns1035Problems(text: string): readonly string[] {
  const problems: string[] = [];
  if (text.length > 63) problems.push('must be no more than 63 characters');
  if (!dns1035Pattern.test(text))
    problems.push(
      `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
    );
  return problems;
}

function pathSegmentProblems(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
}

/** `prefix/name` or `name`: keys of labels and annotations. */
export function qualifiedNameProblems(text: string): readonly string[] {
  const parts = text.split('/');
  if (parts.length > 2)
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const problems: string[] = [];
  const name = parts.length === 2 ? (parts[1] ?? '') : text;
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 characters');
  if (!qualifiedPattern.test(name))
    problems.push(
      `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}')`,
    );
  return problems;
}

export function labelValueProblems(text: string): readonly string[] {
  const problems: string[] = [];
  if (text.length > 63) problems.push('must be no more than 63 characters');
  if (!valuePattern.test(text))
    problems.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${qualified})?')`,
    );
  return problems;
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldProblem[] {
  if (labels === undefined) return [];
  const problems: FieldProblem[] = [];
  for (const key of Object.keys(labels).sort()) {
    problems.push(...qualifiedNameProblems(key).map((detail) => invalidValue(path, key, detail)));
    problems.push(...labelValueProblems(labels[key] ?? '').map((detail) => invalidValue(path, labels[key], detail)));
  }
  return problems;
}

const annotationBytesMax = 256 * 1024;

export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): FieldProblem[] {
  if (annotations === undefined) return [];
  const problems: FieldProblem[] = [];
  let bytes = 0;
  for (const key of Object.keys(annotations).sort()) {
    problems.push(...qualifiedNameProblems(key.toLowerCase()).map((detail) => invalidValue(path, key, detail)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '');
  }
  if (bytes > annotationBytesMax) problems.push({ path, type: 'TooLong', detail: `may not be more than ${annotationBytesMax} bytes` });
  return problems;
}

/** What is wrong with an object's name under the rule of its kind. */
export function nameProblems(rule: 'subdomain' | 'label' | 'dns1035' | 'path-segment', name: string): readonly string[] {
  switch (rule) {
    case 'subdomain':
      return subdomainProblems(name);
    case 'label':
      return labelNameProblems(name);
    case 'dns1035':
      return dns1035Problems(name);
    case 'path-segment':
      return pathSegmentProblems(name);
  }
}

const suffixSigns = 'bcdfghjklmnpqrstvwxz2456789';

/** The five random characters after a `generateName`, of an alphabet that spells no words. */
export function nameSuffix(randomBytes: (count: number) => Uint8Array, length = 5): string {
  let suffix = '';
  for (const byte of randomBytes(length)) suffix += suffixSigns[byte % suffixSigns.length];
  return suffix;
}

/** A random UUID (version 4) from the given bytes. */
export function newUid(randomBytes: (count: number) => Uint8Array): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * The rules for names, label keys and label values, with apimachinery's sentences. Each function returns what is wrong, nothing when
 * all is well.
 * @see k8s.io/apimachinery pkg/util/validation
 */

const alphanumericEnds = 'and must start and end with an alphanumeric character';
const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dnsSubdomain = `${dnsLabel}(\\.${dnsLabel})*`;
const qualifiedName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

function tooLong(max: number): string {
  return `must be no more than ${max} bytes`;
}

export function dnsLabelProblems(value: string): readonly string[] {
  const problems = value.length > 63 ? [tooLong(63)] : [];
  if (!new RegExp(`^${dnsLabel}$`).test(value)) {
    problems.push(
      `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${alphanumericEnds} (e.g. 'my-name',  or '123-abc', regex used for validation is '${dnsLabel}')`,
    );
  }
  return problems;
}

export function dnsSubdomainProblems(value: string): readonly string[] {
  const problems = value.length > 253 ? [tooLong(253)] : [];
  if (!new RegExp(`^${dnsSubdomain}$`).test(value)) {
    problems.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${alphanumericEnds} (e.g. 'example.com', regex used for validation is '${dnsSubdomain}')`,
    );
  }
  return problems;
}

/** A label or annotation key: an optional DNS prefix, a slash, a name. */
export function qualifiedNameProblems(value: string): readonly string[] {
  const parts = value.split('/');
  const problems: string[] = [];
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', ${alphanumericEnds} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedName}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  const name = parts.at(-1) ?? '';
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (!new RegExp(`^${qualifiedName}$`).test(name)) {
    problems.push(
      `name part must consist of alphanumeric characters, '-', '_' or '.', ${alphanumericEnds} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedName}')`,
    );
  }
  return problems;
}

export function labelValueProblems(value: string): readonly string[] {
  const problems = value.length > 63 ? [tooLong(63)] : [];
  if (!new RegExp(`^(${qualifiedName})?$`).test(value)) {
    problems.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${alphanumericEnds} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    );
  }
  return problems;
}

/** A port name: IANA service name. */
export function portNameProblems(value: string): readonly string[] {
  const problems: string[] = [];
  if (value.length > 15) problems.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)');
  if (value.includes('--')) problems.push('must not contain consecutive hyphens');
  if (/^-|-$/.test(value)) problems.push('must not begin or end with a hyphen');
  return problems;
}

export function portNumberProblems(value: number): readonly string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

export function environmentNameProblems(value: string): readonly string[] {
  return /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A key of a ConfigMap or Secret. */
export function configKeyProblems(value: string): readonly string[] {
  const problems = value.length > 253 ? ['must be no more than 253 bytes'] : [];
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (value === '.') problems.push("must not be '.'");
  else if (value === '..') problems.push("must not be '..'");
  else if (value.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

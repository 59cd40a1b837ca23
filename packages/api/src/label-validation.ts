/** Validation of label maps and label selectors, as the API server words it. */
import { type FieldError, forbidden, invalid, required } from './field-error.ts';
import { labelValueProblems, qualifiedNameProblems } from './name-rules.ts';
import type { LabelSelector } from './selector.ts';

export function validateLabels(path: string, labels: Readonly<Record<string, unknown>> | undefined): readonly FieldError[] {
  return sortedEntries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((problem) => invalid(path, key, problem)),
    ...labelValueProblems(String(value)).map((problem) => invalid(path, value, problem)),
  ]);
}

const annotationBytesMax = 256 * 1024;

export function validateAnnotations(path: string, annotations: Readonly<Record<string, unknown>> | undefined): readonly FieldError[] {
  const entries = sortedEntries(annotations);
  const errors = entries.flatMap(([key]) => qualifiedNameProblems(key.toLowerCase()).map((problem) => invalid(path, key, problem)));
  const size = entries.reduce((total, [key, value]) => total + key.length + String(value).length, 0);
  if (size > annotationBytesMax) errors.push({ path, type: 'TooLong', detail: `may not be more than ${annotationBytesMax} bytes` });
  return errors;
}

export function validateLabelSelector(path: string, selector: LabelSelector): readonly FieldError[] {
  const errors = [...validateLabels(`${path}.matchLabels`, selector.matchLabels)];
  for (const [index, { key, operator, values }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    const count = values?.length ?? 0;
    if (operator === 'In' || operator === 'NotIn') {
      if (count === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (count > 0) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else {
      errors.push(invalid(`${at}.operator`, operator, 'not a valid selector operator'));
    }
    errors.push(...qualifiedNameProblems(key).map((problem) => invalid(`${at}.key`, key, problem)));
    for (const [position, value] of (values ?? []).entries()) {
      errors.push(...labelValueProblems(value).map((problem) => invalid(`${at}.values[${position}]`, value, problem)));
    }
  }
  return errors;
}

function sortedEntries(map: Readonly<Record<string, unknown>> | undefined): readonly (readonly [string, unknown])[] {
  return Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

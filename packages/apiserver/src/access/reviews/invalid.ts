/** The 422 of reviews: one problem, named as a real server names it. */
import { failure, StatusError } from '@sluice/api';

/** @param kind - empty for access reviews: upstream leaves it out */
export function invalid(group: string, kind: string, field: string, detail: string): StatusError {
  const message = `Invalid value: ${detail}`;
  return new StatusError(
    failure(422, 'Invalid', `${kind}.${group} "" is invalid: ${field}: ${message}`, {
      group,
      ...(kind === '' ? {} : { kind }),
      causes: [{ reason: 'FieldValueInvalid', message, field }],
    }),
  );
}

export function badRequest(message: string): StatusError {
  return new StatusError(failure(400, 'BadRequest', message));
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

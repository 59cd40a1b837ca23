/** The four patch types: from the live object and a patch to the next object in the version that was asked for. */
import { apiVersionOf, failure, formatTime, type KubeObject, StatusError } from '@sluice/api';
import { ApplyConflict, jsonPatch, mergePatch, PatchError, type Schema, serverSideApply, strategicMergePatch } from '@sluice/schema';
import type { ServedResource } from '../ports.ts';
import { mediaType } from './body.ts';
import { badRequest, unreasoned } from './errors.ts';

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

const mediaTypes: readonly (readonly [string, PatchKind])[] = [
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
];

/** @throws StatusError 415, also for a strategic patch of a custom kind */
export function patchKind(contentType: string | undefined, served: ServedResource): PatchKind {
  const type = mediaType(contentType);
  const accepted = mediaTypes.filter(([, kind]) => kind !== 'strategic' || served.custom === undefined);
  const found = accepted.find(([media]) => media === type);
  if (found === undefined) throw new StatusError(failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {}));
  return found[1];
}

const anyObject: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Own fields private, deeper parts shared with the live object. */
function fresh(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest('the patched object is not an object');
  return { ...(value as Record<string, unknown>) };
}

/**
 * The patched object. Its own fields are private to the caller, deeper parts may be those of the live object.
 *
 * @throws StatusError 400 for a patch that is malformed, 422 for a JSON patch that does not fit
 */
export function patched(
  kind: Exclude<PatchKind, 'apply'>,
  served: ServedResource,
  live: KubeObject,
  patch: unknown,
): Record<string, unknown> {
  try {
    switch (kind) {
      case 'json':
        return fresh(jsonPatch(live, patch));
      case 'merge':
        return fresh(mergePatch(live, patch));
      case 'strategic':
        return fresh(strategicMergePatch(served.schema ?? anyObject, live, patch));
    }
  } catch (error) {
    throw error instanceof PatchError ? patchFailure(error) : error;
  }
}

export type ApplyRequest = {
  readonly served: ServedResource;
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  readonly manager: string;
  readonly force: boolean;
  readonly now: number;
  readonly subresource?: string;
};

/** Server-side apply. @throws StatusError 409 with one cause a conflicting field */
export function applied(request: ApplyRequest): Record<string, unknown> {
  const { served, live, manager, force, subresource } = request;
  try {
    return fresh(
      serverSideApply({
        schema: served.schema ?? anyObject,
        live,
        applied: request.applied,
        manager,
        force,
        now: formatTime(request.now),
        apiVersion: apiVersionOf(served),
        ...(subresource === undefined ? {} : { subresource }),
      }),
    );
  } catch (error) {
    if (error instanceof ApplyConflict) throw conflictStatus(error);
    throw error instanceof PatchError ? patchFailure(error) : error;
  }
}

function patchFailure(error: PatchError): StatusError {
  switch (error.code) {
    case 'Invalid':
      return new StatusError(failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {}));
    case 'BadRequest':
      return badRequest(error.message);
    case 'Internal':
      return unreasoned(500, error.message);
  }
}

function conflictStatus(error: ApplyConflict): StatusError {
  const causes = error.conflicts.map(({ field, message }) => ({ reason: 'FieldManagerConflict', message, field }));
  return new StatusError(failure(409, 'Conflict', error.message, { causes }));
}

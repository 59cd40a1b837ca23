/** `lint`: what is wrong with the Rollouts of a file, said without a cluster. Silent when nothing is. */
import { type FieldError, formatFieldError, formatFieldErrorBody, parseApiVersion, type Rollout, validateRollout } from '@sluice/api';
import type { Io } from '../../io.ts';
import { type References, referenceErrors } from './lint-references.ts';
import { checkStrictly, type Manifest, readManifests } from './manifest-file.ts';

/**
 * Every finding goes to stdout without its path, as upstream prints it.
 *
 * @throws Error with the first finding, path included, or for a file that cannot be read as manifests
 */
export async function lint(io: Pick<Io, 'out' | 'workingDir'>, path: string): Promise<void> {
  const rollouts: Rollout[] = [];
  const references: References = { services: [], ingresses: [], virtualServices: [] };
  for (const manifest of await readManifests(io, path)) sort(manifest, rollouts, references);
  const errors: FieldError[] = [];
  for (const rollout of rollouts) {
    const complete = { ...rollout, spec: rollout.spec ?? {} };
    errors.push(...validateRollout(complete), ...(await referenceErrors(complete, references)));
  }
  for (const error of errors) io.out.write(`${formatFieldErrorBody(error)}\n`);
  const [first] = errors;
  if (first !== undefined) throw new Error(formatFieldError(first));
}

/** Keeps what a Rollout may refer to; kinds that lint knows nothing of are left alone. */
function sort(manifest: Manifest, rollouts: Rollout[], { services, ingresses, virtualServices }: References): void {
  const { object } = manifest;
  const { group } = parseApiVersion(object.apiVersion ?? '');
  switch (`${group}/${object.kind}`) {
    case 'argoproj.io/Rollout':
      checkStrictly(manifest);
      rollouts.push(object as Rollout);
      break;
    case '/Service':
      checkStrictly(manifest);
      services.push(object);
      break;
    case 'networking.k8s.io/Ingress':
    case 'extensions/Ingress':
      checkStrictly(manifest);
      ingresses.push(object);
      break;
    case 'networking.istio.io/VirtualService':
      virtualServices.push(object);
      break;
  }
}

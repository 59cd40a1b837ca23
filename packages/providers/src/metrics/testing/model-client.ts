/** A Kubernetes API of a few objects in memory: as much of `Client` as providers use. */
import { failure, type KubeObject, type ResourceType, StatusError } from '@sluice/api';
import type { Client, DeleteOptions, ListOptions, ObjectAt, ObjectList } from '@sluice/kube';

export class ModelClient {
  readonly objects: Map<string, KubeObject> = new Map();
  readonly deleted: { readonly key: string; readonly options: DeleteOptions | undefined }[] = [];
  /** Fails every call while set. */
  problem: Error | undefined;

  get client(): Client {
    return this as unknown as Client;
  }

  put(type: ResourceType, object: KubeObject): void {
    this.objects.set(keyOf(type, object.metadata.namespace, object.metadata.name ?? ''), object);
  }

  /** A Secret, its entries in plain text. */
  secret(namespace: string, name: string, entries: Readonly<Record<string, string>>): void {
    const data = Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data } as unknown as KubeObject;
    this.objects.set(`secrets/${namespace}/${name}`, secret);
  }

  get<T extends KubeObject>(type: ResourceType, at: ObjectAt): Promise<T> {
    if (this.problem !== undefined) return Promise.reject(this.problem);
    const found = this.objects.get(keyOf(type, at.namespace, at.name));
    return found === undefined ? Promise.reject(refusal('NotFound', type, at.name)) : Promise.resolve(found as T);
  }

  list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<T>> {
    if (this.problem !== undefined) return Promise.reject(this.problem);
    const labels = typeof options.labelSelector === 'object' ? (options.labelSelector.matchLabels ?? {}) : {};
    const items = [...this.objects]
      .filter(([key]) => key.startsWith(`${type.resource}/${options.namespace === undefined ? '' : `${options.namespace}/`}`))
      .map(([, object]) => object)
      .filter(({ metadata }) => Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value));
    return Promise.resolve({ resourceVersion: '1', items: items as unknown as readonly T[] });
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    if (this.problem !== undefined) return Promise.reject(this.problem);
    const key = keyOf(type, object.metadata.namespace, object.metadata.name ?? '');
    if (this.objects.has(key)) return Promise.reject(refusal('AlreadyExists', type, object.metadata.name ?? ''));
    this.objects.set(key, object);
    return Promise.resolve(object);
  }

  delete(type: ResourceType, at: ObjectAt, options?: DeleteOptions): Promise<void> {
    if (this.problem !== undefined) return Promise.reject(this.problem);
    const key = keyOf(type, at.namespace, at.name);
    this.deleted.push({ key, options });
    return this.objects.delete(key) ? Promise.resolve() : Promise.reject(refusal('NotFound', type, at.name));
  }
}

function keyOf({ resource }: ResourceType, namespace: string | undefined, name: string): string {
  return `${resource}/${namespace ?? ''}/${name}`;
}

function refusal(reason: 'NotFound' | 'AlreadyExists', { group, resource }: ResourceType, name: string): StatusError {
  const what = group === '' ? resource : `${resource}.${group}`;
  return new StatusError(
    failure(reason === 'NotFound' ? 404 : 409, reason, `${what} "${name}" ${reason === 'NotFound' ? 'not found' : 'already exists'}`),
  );
}

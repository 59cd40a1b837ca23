/**
 * `notifications template|trigger`: what is configured, and what it comes to for a Rollout of the cluster or of a file. As upstream's, most
 * failures are told on stderr and end with exit code 0.
 */
import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isStatusError, type KubeObject, rolloutType } from '@sluice/api';
import { parseNotificationYaml } from '@sluice/controller';
import {
  type Destination,
  messageOf,
  type Notification,
  type NotificationConfiguration,
  type NotificationTemplate,
  notificationConfigMap,
  notificationSecret,
  notificationVariables,
  readNotificationConfiguration,
  runTrigger,
  type TriggerCondition,
  withoutSecretValues,
} from '@sluice/engine';
import { builtinTypes } from '@sluice/kube';
import { httpClient, notifierFactory } from '@sluice/providers';
import { toYaml } from '@sluice/schema';
import { readManifest, readManifests } from './manifest-file.ts';
import type { Session } from './session.ts';

export type NotificationFlags = {
  readonly configMap?: string;
  readonly secret?: string;
  readonly output?: string;
  readonly recipient?: readonly string[];
};

type Data = Readonly<Record<string, string>>;

/** Says on stderr what went wrong; the exit code stays. */
class Told extends Error {}

async function telling(session: Session, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Told)) throw error;
    session.io.err.write(`${error.message}\n`);
  }
}

async function configured(session: Session, flags: NotificationFlags, failure: string): Promise<NotificationConfiguration> {
  try {
    const secret = await secretOf(session, flags.secret);
    const configMap = await objectOf(session, flags.configMap, 'ConfigMap', notificationConfigMap);
    const configuration = readNotificationConfiguration((configMap as { readonly data?: Data }).data ?? {}, secret, parseNotificationYaml);
    for (const { key, problem } of configuration.problems) {
      session.io.err.write(`warning: ${key}: ${withoutSecretValues(problem, Object.values(secret))}\n`);
    }
    return configuration;
  } catch (error) {
    throw new Told(`${failure}: ${messageOfError(error)}`);
  }
}

async function secretOf(session: Session, path: string | undefined): Promise<Data> {
  if (path === ':empty') return {};
  const { data = {}, stringData = {} } = (await objectOf(session, path, 'Secret', notificationSecret)) as {
    data?: Data;
    stringData?: Data;
  };
  const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const);
  return { ...Object.fromEntries(decoded), ...stringData };
}

async function objectOf(session: Session, path: string | undefined, kind: 'ConfigMap' | 'Secret', name: string): Promise<KubeObject> {
  if (path === undefined) {
    const type = kind === 'Secret' ? builtinTypes.secrets : builtinTypes.configMaps;
    return await session.client.get<KubeObject>(type, { namespace: session.namespace, name });
  }
  const found = (await readManifests(session.io, path)).find(({ object }) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`file '${path}' does not have '/${kind}/${name}'`);
  return found.object;
}

/** A file of that name, or a Rollout of the cluster. */
async function resourceOf(session: Session, name: string): Promise<KubeObject> {
  try {
    const isFile = await stat(resolve(session.io.workingDir, name)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) return (await readManifest(session.io, name)).object;
    return await session.client.get<KubeObject>(rolloutType, { namespace: session.namespace, name });
  } catch (error) {
    throw new Told(`failed to load resource: ${messageOfError(error)}`);
  }
}

function twoNames(names: readonly string[]): readonly [string, string] {
  const [name, resource] = names;
  if (name === undefined || resource === undefined) throw new Error(`expected two arguments, got ${names.length}`);
  return [name, resource];
}

export async function getTemplates(session: Session, name: string, flags: NotificationFlags): Promise<void> {
  await telling(session, async () => {
    const { templates } = await configured(session, flags, 'failed to get api');
    const chosen = selected(templates, name);
    print(
      session,
      flags.output,
      chosen,
      ({ source }) => source,
      ['NAME', 'PREVIEW'],
      (key, template) => [[key, previewOf(template)]],
    );
  });
}

export async function getTriggers(session: Session, name: string, flags: NotificationFlags): Promise<void> {
  await telling(session, async () => {
    const { triggers } = await configured(session, flags, 'failed to get api');
    const chosen = selected(triggers, name);
    print(
      session,
      flags.output,
      chosen,
      (conditions) => conditions.map(shown),
      ['NAME', 'TEMPLATE', 'CONDITION'],
      (key, conditions) => conditions.map(({ send, when }, at) => [at === 0 ? key : '', send.join(', '), when]),
    );
  });
}

function shown({ oncePer, when, description, send }: TriggerCondition): Readonly<Record<string, unknown>> {
  const fields = { description, oncePer, send, when };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value.length > 0));
}

function selected<T>(all: ReadonlyMap<string, T>, name: string): readonly (readonly [string, T])[] {
  return [...all].filter(([key]) => name === '' || key === name).sort(([a], [b]) => (a < b ? -1 : 1));
}

function print<T>(
  { io }: Session,
  output: string | undefined,
  items: readonly (readonly [string, T])[],
  value: (item: T) => unknown,
  header: readonly string[],
  rows: (key: string, item: T) => readonly (readonly string[])[],
): void {
  const values = (): Readonly<Record<string, unknown>> => Object.fromEntries(items.map(([key, item]) => [key, value(item)]));
  switch (output ?? '') {
    case '':
    case 'wide':
      io.out.write(table([header, ...items.flatMap(([key, item]) => rows(key, item))]));
      break;
    case 'name':
      for (const [key] of items) io.out.write(`${key}\n`);
      break;
    case 'json':
      io.out.write(`${JSON.stringify(values(), null, 2)}\n`);
      break;
    case 'yaml':
      io.out.write(toYaml(values()));
      break;
    default:
      throw new Error(`output '${output}' is not supported`);
  }
}

/** Columns of at least five characters, two blanks between them; the last is as wide as it is. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(5, ...rows.map((row) => [...(row[column] ?? '')].length + 2)));
  return rows
    .map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('')}\n`)
    .join('');
}

const previewMax = 100;

function previewOf({ source }: NotificationTemplate): string {
  const { message } = source;
  const text = typeof message === 'string' && message !== '' ? message : JSON.stringify(source);
  const [line = ''] = text.split('\n');
  return line.length > previewMax ? `${line.slice(0, previewMax - 1)}...` : line;
}

export async function runConfiguredTrigger(session: Session, names: readonly string[], flags: NotificationFlags): Promise<void> {
  const [name, resource] = twoNames(names);
  await telling(session, async () => {
    const configuration = await configured(session, flags, 'failed to get api');
    const conditions = configuration.triggers.get(name);
    if (conditions === undefined) {
      const found = [...configuration.triggers.keys()].join(', ');
      throw new Told(`trigger with name '${name}' does not exist (found ${found})`);
    }
    const object = await resourceOf(session, resource);
    const now = session.io.clock.now();
    const results = runTrigger(conditions, notificationVariables(configuration, { object, analysisRuns: null }, now), now);
    for (const result of results) {
      if (!result.ok) session.io.err.write(`failed to execute when condition: ${result.problem}\n`);
    }
    const rows = results.map((result) => [result.condition.when, String(result.ok && result.holds)]);
    session.io.out.write(table([['CONDITION', 'RESULT'], ...rows]));
  });
}

export async function notifyByTemplate(session: Session, names: readonly string[], flags: NotificationFlags): Promise<void> {
  const [name, resource] = twoNames(names);
  await telling(session, async () => {
    const configuration = await configured(session, flags, 'failed to create API');
    const object = await resourceOf(session, resource);
    const { io } = session;
    const http = httpClient({ clock: io.clock, environment: io.env });
    try {
      const factory = notifierFactory({ http: http.request, clock: io.clock, uuid: randomUUID });
      for (const text of flags.recipient ?? ['console:stdout']) {
        const [service = '', recipient = ''] = text.split(':');
        const destination = { service, recipient };
        const message = messageOf(configuration, [name], { object, analysisRuns: null }, destination, {
          now: io.clock.now(),
          digest: (algorithm, of) => createHash(algorithm).update(of).digest('hex'),
        });
        const problem = message.ok ? await send(message.notification, destination, configuration, factory, session) : message.problem;
        if (problem !== undefined) {
          throw new Told(`failed to notify '${text}': ${withoutSecretValues(problem, Object.values(configuration.secrets))}`);
        }
      }
    } finally {
      await http.close();
    }
  });
}

/** What went wrong, if anything. */
async function send(
  notification: Notification,
  destination: Destination,
  { services }: NotificationConfiguration,
  factory: ReturnType<typeof notifierFactory>,
  { io }: Session,
): Promise<string | undefined> {
  if (destination.service === 'console') {
    const { message, sections } = notification;
    io.out.write(toYaml({ ...(message === '' ? {} : { message }), ...sections }));
    return undefined;
  }
  const service = services.get(destination.service);
  if (service === undefined) return `notification service '${destination.service}' is not supported`;
  const made = factory(service.type, service.options);
  if (!made.ok) return made.problem;
  const outcome = await made.notifier.send(notification, destination);
  return outcome.ok ? undefined : outcome.problem;
}

function messageOfError(error: unknown): string {
  if (isStatusError(error)) return error.message;
  return error instanceof Error ? error.message : String(error);
}

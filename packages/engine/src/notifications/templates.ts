/**
 * Templates of notifications: a message, and sections for single services. Every text of a section is a template too.
 *
 * @see argoproj/notifications-engine pkg/services/services.go, pkg/templates
 */
import type { Instant } from '@sluice/api';
import type { Digest } from '../go-template/function.ts';
import { type GoTemplate, readTemplate, renderTemplate } from '../go-template/template.ts';
import type { Notification } from '../ports/notifier.ts';
import { type Dictionary, isDictionary } from './records.ts';

/** A value of a section whose texts have been read. */
type Compiled =
  | { readonly kind: 'text'; readonly path: string; readonly template: GoTemplate }
  | { readonly kind: 'list'; readonly items: readonly Compiled[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Compiled])[] }
  | { readonly kind: 'value'; readonly value: unknown };

export type NotificationTemplate = {
  /** As written, for those who look at it. */
  readonly source: Dictionary;
  readonly message: Compiled;
  readonly sections: readonly (readonly [type: string, section: Compiled])[];
};

/** Deepest nesting of a section. */
const depthMax = 50;

/** @throws Error that begins with the path of what is wrong, such as `slack.attachments: line 2: function "x" not defined` */
export function readNotificationTemplate(parsed: unknown): NotificationTemplate {
  if (!isDictionary(parsed)) throw new Error('must be a map with a message');
  const { message = '', ...rest } = parsed;
  if (typeof message !== 'string') throw new Error('message: must be a text');
  const sections = Object.entries(rest).filter(([, section]) => section !== null);
  for (const [type, section] of sections) if (!isDictionary(section)) throw new Error(`${type}: must be a map`);
  return {
    source: parsed,
    message: compile(message, 'message', 0),
    sections: sections.map(([type, section]) => [type, compile(section, type, 0)] as const),
  };
}

function compile(value: unknown, path: string, depth: number): Compiled {
  if (depth > depthMax) throw new Error(`${path}: is nested too deeply`);
  if (typeof value === 'string') {
    const read = readTemplate(value);
    if (!read.ok) throw new Error(`${path}: ${read.problem}`);
    return { kind: 'text', path, template: read.template };
  }
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item, at) => compile(item, `${path}[${at}]`, depth + 1)) };
  if (!isDictionary(value)) return { kind: 'value', value };
  return { kind: 'map', entries: Object.entries(value).map(([key, item]) => [key, compile(item, `${path}.${key}`, depth + 1)] as const) };
}

export type RenderedNotification =
  | { readonly ok: true; readonly notification: Notification }
  | { readonly ok: false; readonly problem: string; readonly isCondition?: never };

class RenderProblem extends Error {}

/** Renders templates one over the other: what a later one leaves empty stays as the earlier ones have it, where upstream keeps it. */
export function renderNotification(
  templates: readonly NotificationTemplate[],
  variables: Dictionary,
  options: { readonly now: Instant; readonly digest?: Digest },
): RenderedNotification {
  const render = (compiled: Compiled): unknown => {
    switch (compiled.kind) {
      case 'value':
        return compiled.value;
      case 'list':
        return compiled.items.map(render);
      case 'map':
        return Object.fromEntries(compiled.entries.map(([key, item]) => [key, render(item)]));
      case 'text': {
        const rendered = renderTemplate(compiled.template, variables, options);
        if (!rendered.ok) throw new RenderProblem(`${compiled.path}: ${rendered.problem}`);
        return rendered.text;
      }
    }
  };
  try {
    let message = '';
    const sections = new Map<string, unknown>();
    for (const template of templates) {
      const text = String(render(template.message));
      if (text !== '') message = text;
      for (const [type, section] of template.sections) sections.set(type, over(type, sections.get(type), render(section)));
    }
    return { ok: true, notification: { message, sections: Object.fromEntries(sections) } };
  } catch (error) {
    if (error instanceof RenderProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Sections whose empty texts leave what was there; those of other services replace it. */
const filledIn: ReadonlySet<string> = new Set(['email', 'teams', 'teams-workflows', 'googlechat']);

function over(type: string, earlier: unknown, later: unknown): unknown {
  if (!isDictionary(earlier) || !isDictionary(later)) return later;
  if (type === 'webhook') return { ...earlier, ...later };
  if (!filledIn.has(type)) return later;
  return { ...earlier, ...Object.fromEntries(Object.entries(later).filter(([, value]) => value !== '')) };
}

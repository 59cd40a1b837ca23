/**
 * Slack over its Web API: messages with attachments and blocks, threads by grouping key, updates of the first message of a thread.
 *
 * @see argoproj/notifications-engine pkg/services/slack.go, pkg/util/slack; Slack's chat.postMessage and chat.update
 */
import { flag, json, type Options, text } from '../options.ts';
import { objectOf, postForm, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';
import type { SlackThreads } from './threads.ts';

type Fields = Record<string, string>;

/** Failures of Slack's own that pass. */
const passing: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** @param threads - outlives single notifiers, so that a change of the configuration ends no thread */
export function slackType(threads: SlackThreads): ServiceType {
  return {
    credentials: (options) => [text(options, 'token'), text(options, 'signingSecret')],
    make: (options, { http }) => {
      const url = withoutSlash(text(options, 'apiURL') || 'https://slack.com/api');
      const headers = { authorization: `Bearer ${text(options, 'token')}` };
      const isInsecure = flag(options, 'insecureSkipVerify');
      const call = async (method: string, fields: Fields): Promise<{ readonly ts: string; readonly channel: string }> => {
        const answer = objectOf(await postForm(http, { url: `${url}/${method}`, headers, fields, isInsecure }), 'slack');
        if (answer.ok === true) return { ts: text(answer, 'ts'), channel: text(answer, 'channel') };
        const code = typeof answer.error === 'string' ? answer.error : 'unknown error';
        throw new SendProblem(`slack: ${code}${details(answer)}`, passing.has(code));
      };
      return async (notification, { recipient }) => {
        const section = sectionOf(notification, 'slack') ?? {};
        const fields = messageFields(notification.message, section, options);
        const groupingKey = text(section, 'groupingKey');
        const policy = text(section, 'deliveryPolicy');
        const thread = groupingKey === '' ? undefined : threads.get(recipient, groupingKey);
        const updates = policy === 'Update' || policy === 'PostAndUpdate';
        if (thread === undefined || policy !== 'Update') {
          const placed = thread === undefined ? fields : { ...fields, thread_ts: thread.ts };
          const broadcast = flag(section, 'notifyBroadcast') ? { reply_broadcast: 'true' } : {};
          const posted = await call('chat.postMessage', { channel: recipient, ...placed, ...broadcast });
          if (groupingKey !== '' && thread === undefined) threads.set(recipient, groupingKey, posted);
        }
        if (thread !== undefined && updates)
          await call('chat.update', { channel: thread.channel, ...fields, ts: thread.ts, as_user: 'true' });
      };
    },
  };
}

function messageFields(message: string, section: Options, options: Options): Fields {
  const fields: Fields = {};
  if (message !== '') fields.text = message;
  const username = text(section, 'username') || text(options, 'username');
  if (username !== '') fields.username = username;
  const icon = text(section, 'icon') || text(options, 'icon');
  if (/^:.+:$/.test(icon)) fields.icon_emoji = icon;
  else if (isAddress(icon)) fields.icon_url = icon;
  const attachments = text(section, 'attachments');
  if (attachments.trim() !== '') fields.attachments = JSON.stringify(json('slack.attachments', attachments, 'list'));
  const blocks = text(section, 'blocks');
  if (blocks.trim() !== '') fields.blocks = JSON.stringify(json('slack.blocks', blocks, 'list'));
  if (flag(options, 'disableUnfurl')) Object.assign(fields, { unfurl_links: 'false', unfurl_media: 'false' });
  return fields;
}

export function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Slack's explanations, where it gives some. */
function details(answer: Options): string {
  const { response_metadata: metadata } = answer as { response_metadata?: { messages?: unknown } };
  const messages = Array.isArray(metadata?.messages) ? metadata.messages.filter((message) => typeof message === 'string') : [];
  return messages.length === 0 ? '' : ` (${messages.join('; ')})`;
}

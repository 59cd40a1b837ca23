/**
 * Google Chat over incoming webhooks: a text, or cards, which templates write in YAML or JSON.
 *
 * @see argoproj/notifications-engine pkg/services/googlechat.go
 */
import type { Notification } from '@sluice/engine';
import { CORE_SCHEMA, load } from 'js-yaml';
import { type HttpAnswer, isSuccess } from '../../metrics/http/http.ts';
import { flag, isOptions, OptionsProblem, text, texts } from '../options.ts';
import { addressCredentials, isPassing, objectOf, SendProblem, type ServiceType, sectionOf, timeoutMs, told } from '../sending.ts';

export const googleChatType: ServiceType = {
  credentials: (options) => [...texts(options, 'webhooks').values()].flatMap(addressCredentials),
  make: (options, { http, uuid }) => {
    const urls = texts(options, 'webhooks');
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async (notification, { recipient }) => {
      const url = urls.get(recipient);
      if (url === undefined)
        throw new SendProblem(`error creating client to webhook: no Google chat webhook configured for recipient ${recipient}`);
      const answer = await http({
        method: 'POST',
        url: inThread(url, text(sectionOf(notification, 'googlechat') ?? {}, 'threadKey')),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(messageOf(notification, uuid)),
        timeoutMs,
        isInsecure,
      });
      const { error } = isSuccess(answer) ? objectOf(answer, 'google chat') : { error: errorOf(answer) };
      if (error === undefined) return;
      const { code = answer.status, status = '', message = '' } = isOptions(error) ? error : {};
      throw new SendProblem(
        `error with message: code=${String(code)} status=${String(status)} message=${String(message)}`,
        isPassing(Number(code)),
      );
    };
  },
};

/** What Google says of a failure; a proxy in between may say anything. */
function errorOf(answer: HttpAnswer): unknown {
  try {
    const value: unknown = JSON.parse(answer.body);
    if (isOptions(value) && isOptions(value.error)) return value.error;
  } catch {
    // Told as it is.
  }
  return { message: told(answer.body) };
}

function inThread(address: string, threadKey: string): string {
  if (threadKey === '' || !URL.canParse(address)) return address;
  const url = new URL(address);
  url.searchParams.append('threadKey', threadKey);
  url.searchParams.append('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD');
  return url.href;
}

function messageOf(notification: Notification, uuid: () => string): unknown {
  const section = sectionOf(notification, 'googlechat') ?? {};
  const cards = yamlList('googlechat.cards', text(section, 'cards'));
  const cardsV2 = yamlList('googlechat.cardsV2', text(section, 'cardsV2'));
  if (cards === undefined && cardsV2 === undefined) return { text: notification.message };
  return {
    text: '',
    ...(cards === undefined ? {} : { cards }),
    ...(cardsV2 === undefined ? {} : { cardsV2: cardsV2.map((card) => ({ cardId: uuid(), card })) }),
  };
}

function yamlList(field: string, rendered: string): readonly unknown[] | undefined {
  if (rendered.trim() === '') return undefined;
  let value: unknown;
  try {
    value = load(rendered, { schema: CORE_SCHEMA });
  } catch {
    throw new OptionsProblem(`${field}: is not valid YAML once rendered`);
  }
  if (Array.isArray(value)) return value;
  throw new OptionsProblem(`${field}: must be a list once rendered`);
}

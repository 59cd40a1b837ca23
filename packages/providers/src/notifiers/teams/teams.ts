/**
 * Microsoft Teams over the incoming webhooks of Office 365 connectors.
 *
 * @see argoproj/notifications-engine pkg/services/teams.go
 */
import type { Notification } from '@sluice/engine';
import { flag, json, type Options, present, text, texts } from '../options.ts';
import { addressCredentials, postJson, SendProblem, type ServiceType, sectionOf, told } from '../sending.ts';

export const teamsType: ServiceType = {
  credentials: (options) => [...texts(options, 'recipientUrls').values()].flatMap(addressCredentials),
  make: (options, { http }) => {
    const urls = texts(options, 'recipientUrls');
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async (notification, { recipient }) => {
      const url = urls.get(recipient);
      if (url === undefined) throw new SendProblem(`no teams webhook configured for recipient ${recipient}`);
      const answer = await postJson(http, { url, body: messageOf(notification), isInsecure });
      // A connector that could not do it says so in the body of a success.
      if (answer.body !== '1' && answer.body !== '') throw new SendProblem(`teams webhook post error: ${told(answer.body)}`);
    };
  },
};

function messageOf(notification: Notification): unknown {
  const section = sectionOf(notification, 'teams') ?? {};
  const template = text(section, 'template');
  if (template !== '') return json('teams.template', template, 'map');
  return {
    '@type': 'MessageCard',
    context: 'https://schema.org/extensions',
    title: text(section, 'title'),
    summary: text(section, 'summary'),
    text: text(section, 'text') || notification.message,
    ...present({
      themeColor: text(section, 'themeColor'),
      potentialAction: listOf(section, 'potentialAction'),
      sections: [...listOf(section, 'sections'), ...factsOf(section)],
    }),
  };
}

function listOf(section: Options, field: string): readonly unknown[] {
  const rendered = text(section, field);
  return rendered === '' ? [] : (json(`teams.${field}`, rendered, 'list') as readonly unknown[]);
}

function factsOf(section: Options): readonly unknown[] {
  return text(section, 'facts') === '' ? [] : [{ facts: listOf(section, 'facts') }];
}

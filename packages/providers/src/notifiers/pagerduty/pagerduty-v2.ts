/**
 * PagerDuty's Events API v2. The recipient names one of the configured integration keys.
 *
 * @see argoproj/notifications-engine pkg/services/pagerdutyv2.go
 */
import { present, text, texts } from '../options.ts';
import { postJson, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const pagerdutyV2Type: ServiceType = {
  credentials: (options) => [...texts(options, 'serviceKeys').values()],
  make: (options, { http }) => {
    const url = `${withoutSlash(text(options, 'apiURL') || 'https://events.pagerduty.com')}/v2/enqueue`;
    const keys = texts(options, 'serviceKeys');
    return async (notification, { recipient }) => {
      const routingKey = keys.get(recipient);
      if (routingKey === undefined) throw new SendProblem(`no API key configured for recipient ${recipient}`);
      const section = sectionOf(notification, 'pagerdutyv2');
      if (section === undefined) throw new SendProblem('no config found for pagerdutyv2');
      const payload = {
        summary: text(section, 'summary'),
        source: text(section, 'source'),
        severity: text(section, 'severity'),
        ...present({ component: text(section, 'component'), group: text(section, 'group'), class: text(section, 'class') }),
      };
      const body = {
        routing_key: routingKey,
        event_action: 'trigger',
        ...present({ dedup_key: text(section, 'dedupKey') }),
        client: 'Sluice',
        ...present({ client_url: text(section, 'url') }),
        payload,
      };
      await postJson(http, { url, body });
    };
  },
};

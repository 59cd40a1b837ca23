/**
 * Opsgenie alerts. The recipient is the id of a team, for which a key is configured.
 *
 * @see argoproj/notifications-engine pkg/services/opsgenie.go; Opsgenie's Alert API
 */
import { inner, list, present, text, texts } from '../options.ts';
import { postJson, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const opsgenieType: ServiceType = {
  credentials: (options) => [...texts(options, 'apiKeys').values()],
  make: (options, { http }) => {
    const address = text(options, 'apiUrl') || 'api.opsgenie.com';
    const url = `${withoutSlash(/^https?:\/\//.test(address) ? address : `https://${address}`)}/v2/alerts`;
    const keys = texts(options, 'apiKeys');
    return async (notification, { recipient }) => {
      const key = keys.get(recipient);
      if (key === undefined) throw new SendProblem(`no API key configured for recipient ${recipient}`);
      const section = sectionOf(notification, 'opsgenie');
      if (section !== undefined && text(section, 'description') === '')
        throw new SendProblem('Opsgenie notification description is missing');
      const said = section ?? {};
      const body = {
        message: notification.message,
        ...present({
          description: text(said, 'description'),
          alias: text(said, 'alias'),
          actions: list(said, 'actions'),
          tags: list(said, 'tags'),
          details: inner(said, 'details'),
          entity: text(said, 'entity'),
          visibleTo: list(said, 'visibleTo'),
          priority: text(said, 'priority'),
          user: text(said, 'user'),
          note: text(said, 'note'),
        }),
        responders: [{ type: 'team', id: recipient }],
        source: 'Sluice',
      };
      await postJson(http, { url, headers: { authorization: `GenieKey ${key}` }, body });
    };
  },
};

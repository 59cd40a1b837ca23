/**
 * Deployment markers of New Relic. The recipient is the id of an application.
 *
 * @see argoproj/notifications-engine pkg/services/newrelic.go
 */
import { neededText, present, text } from '../options.ts';
import { postJson, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const newRelicType: ServiceType = {
  credentials: (options) => [text(options, 'apiKey')],
  make: (options, { http }) => {
    const url = withoutSlash(text(options, 'apiURL') || 'https://api.newrelic.com');
    const headers = { 'x-api-key': neededText(options, 'apiKey') };
    return async (notification, { recipient }) => {
      const section = sectionOf(notification, 'newrelic');
      if (section === undefined) throw new SendProblem('config is missing');
      const deployment = {
        revision: text(section, 'revision'),
        ...present({
          changelog: text(section, 'changelog'),
          description: text(section, 'description') || notification.message,
          user: text(section, 'user'),
        }),
      };
      await postJson(http, {
        url: `${url}/v2/applications/${encodeURIComponent(recipient)}/deployments.json`,
        headers,
        body: { deployment },
      });
    };
  },
};

/**
 * PagerDuty's REST API: an incident on the service that the recipient names.
 *
 * @see argoproj/notifications-engine pkg/services/pagerduty.go
 */
import { neededText, present, text } from '../options.ts';
import { postJson, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const pagerdutyType: ServiceType = {
  credentials: (options) => [text(options, 'token')],
  make: (options, { http }) => {
    const url = `${withoutSlash(text(options, 'apiURL') || 'https://api.pagerduty.com')}/incidents`;
    const from = text(options, 'from');
    const headers = {
      accept: 'application/vnd.pagerduty+json;version=2',
      authorization: `Token token=${neededText(options, 'token')}`,
      ...(from === '' ? {} : { from }),
    };
    return async (notification, { recipient }) => {
      const section = sectionOf(notification, 'pagerduty');
      if (section === undefined) throw new SendProblem('no config found for pagerduty');
      const priority = text(section, 'priorityID');
      const details = text(section, 'body');
      const incident = {
        type: 'incident',
        title: text(section, 'title'),
        service: { id: recipient || text(options, 'serviceID'), type: 'service_reference' },
        ...present({
          urgency: text(section, 'urgency'),
          priority: priority === '' ? undefined : { id: priority, type: 'priority' },
          body: details === '' ? undefined : { type: 'incident_details', details },
        }),
      };
      await postJson(http, { url, headers, body: { incident } });
    };
  },
};

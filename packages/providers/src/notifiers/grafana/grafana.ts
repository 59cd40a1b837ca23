/**
 * Annotations in Grafana's dashboards. Tags are those of the recipient, of the template and of the service, each parted by `|`.
 *
 * @see argoproj/notifications-engine pkg/services/grafana.go
 */
import { flag, neededText, text } from '../options.ts';
import { postJson, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const grafanaType: ServiceType = {
  credentials: (options) => [text(options, 'apiKey')],
  make: (options, { http, clock }) => {
    const url = `${withoutSlash(neededText(options, 'apiUrl'))}/annotations`;
    const headers = { authorization: `Bearer ${text(options, 'apiKey')}` };
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async (notification, { recipient }) => {
      const more = [text(sectionOf(notification, 'grafana') ?? {}, 'tags'), text(options, 'tags')].filter((tags) => tags !== '');
      const tags = [recipient, ...more].flatMap((part) => part.split('|'));
      const time = Math.floor(clock.now() / 1000) * 1000;
      await postJson(http, { url, headers, isInsecure, body: { time, isRegion: false, tags, text: notification.message } });
    };
  },
};

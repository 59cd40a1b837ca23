/**
 * Mattermost's API. The recipient is the id of a channel.
 *
 * @see argoproj/notifications-engine pkg/services/mattermost.go
 */
import { flag, json, neededText, text } from '../options.ts';
import { postJson, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';

export const mattermostType: ServiceType = {
  credentials: (options) => [text(options, 'token')],
  make: (options, { http }) => {
    const url = `${withoutSlash(neededText(options, 'apiURL'))}/api/v4/posts`;
    const headers = { authorization: `Bearer ${text(options, 'token')}` };
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async (notification, { recipient }) => {
      const rendered = text(sectionOf(notification, 'mattermost') ?? {}, 'attachments');
      const attachments = rendered.trim() === '' ? [] : json('mattermost.attachments', rendered, 'list');
      const body = { channel_id: recipient, message: notification.message, props: { attachments } };
      await postJson(http, { url, headers, isInsecure, body });
    };
  },
};

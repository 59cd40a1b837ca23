/**
 * Pushover. The recipient is the key of a user or a group.
 *
 * @see argoproj/notifications-engine pkg/services/pushover.go
 */
import { neededText, text } from '../options.ts';
import { postForm, type ServiceType, withoutSlash } from '../sending.ts';

export const pushoverType: ServiceType = {
  credentials: (options) => [text(options, 'token')],
  make: (options, { http }) => {
    const url = `${withoutSlash(text(options, 'apiURL') || 'https://api.pushover.net')}/1/messages.json`;
    const token = neededText(options, 'token');
    return async ({ message }, { recipient }) => {
      await postForm(http, { url, fields: { token, user: recipient, message } });
    };
  },
};

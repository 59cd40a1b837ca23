/**
 * Webex. The recipient is an e-mail address, or the id of a room.
 *
 * @see argoproj/notifications-engine pkg/services/webex.go
 */
import { flag, neededText, text } from '../options.ts';
import { postJson, type ServiceType, withoutSlash } from '../sending.ts';

export const webexType: ServiceType = {
  credentials: (options) => [text(options, 'token')],
  make: (options, { http }) => {
    const url = `${withoutSlash(text(options, 'apiURL') || 'https://webexapis.com')}/v1/messages`;
    const headers = { authorization: `Bearer ${neededText(options, 'token')}` };
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async ({ message }, { recipient }) => {
      const to = /^\S+@\S+\.\S+$/.test(recipient) ? { toPersonEmail: recipient } : { roomId: recipient };
      await postJson(http, { url, headers, isInsecure, body: { ...to, markdown: message } });
    };
  },
};

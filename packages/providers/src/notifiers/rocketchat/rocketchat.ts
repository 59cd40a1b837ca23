/**
 * Rocket.Chat's REST API, logged in anew for each message. A recipient that begins with `#` or `@` is a channel or a person, any other the id
 * of a room.
 *
 * @see argoproj/notifications-engine pkg/services/rocketchat.go
 */
import { inner, json, neededText, type Options, present, text } from '../options.ts';
import { objectOf, postJson, SendProblem, type ServiceType, sectionOf, withoutSlash } from '../sending.ts';
import { isAddress } from '../slack/slack.ts';

export const rocketchatType: ServiceType = {
  credentials: (options) => [text(options, 'password')],
  make: (options, { http }) => {
    const url = `${withoutSlash(neededText(options, 'serverUrl'))}/api/v1`;
    const credentials = { user: text(options, 'email'), password: text(options, 'password') };
    return async (notification, { recipient }) => {
      const session = inner(objectOf(await postJson(http, { url: `${url}/login`, body: credentials }), 'rocketchat'), 'data') ?? {};
      const headers = { 'x-auth-token': text(session, 'authToken'), 'x-user-id': text(session, 'userId') };
      const rendered = text(sectionOf(notification, 'rocketchat') ?? {}, 'attachments');
      const body = {
        ...(/^[#@]/.test(recipient) ? { channel: recipient } : { roomId: recipient }),
        text: notification.message,
        ...look(options),
        ...present({ attachments: rendered.trim() === '' ? [] : json('rocketchat.attachments', rendered, 'list') }),
      };
      const answer = objectOf(await postJson(http, { url: `${url}/chat.postMessage`, headers, body }), 'rocketchat');
      if (answer.success !== true) throw new SendProblem(`rocketchat: ${String(answer.error ?? 'unknown error')}`);
    };
  },
};

function look(options: Options): Readonly<Record<string, unknown>> {
  const [icon, avatar] = [text(options, 'icon'), text(options, 'avatar')];
  return present({ alias: text(options, 'alias'), emoji: /^:.+:$/.test(icon) ? icon : '', avatar: isAddress(avatar) ? avatar : '' });
}

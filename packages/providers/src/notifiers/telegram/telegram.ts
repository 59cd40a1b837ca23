/**
 * Telegram's Bot API. A recipient with a minus is the number of a group, any other the name of a channel.
 *
 * @see argoproj/notifications-engine pkg/services/telegram.go
 */
import { neededText, text } from '../options.ts';
import { objectOf, postForm, SendProblem, type ServiceType, withoutSlash } from '../sending.ts';

export const telegramType: ServiceType = {
  credentials: (options) => [text(options, 'token')],
  make: (options, { http }) => {
    const url = `${withoutSlash(text(options, 'apiURL') || 'https://api.telegram.org')}/bot${neededText(options, 'token')}/sendMessage`;
    return async ({ message }, { recipient }) => {
      if (recipient.startsWith('-') && !/^-\d{1,18}$/.test(recipient))
        throw new SendProblem(`telegram: ${recipient} is not the number of a chat`);
      const fields = { chat_id: recipient.startsWith('-') ? recipient : `@${recipient}`, text: message, parse_mode: 'Markdown' };
      const answer = objectOf(await postForm(http, { url, fields }), 'telegram');
      if (answer.ok !== true) throw new SendProblem(`telegram: ${String(answer.description ?? 'unknown error')}`);
    };
  },
};

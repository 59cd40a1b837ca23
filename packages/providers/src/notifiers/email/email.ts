/**
 * E-mail over SMTP: encrypted from the first byte on port 465, otherwise as soon as the server offers it.
 *
 * @see argoproj/notifications-engine pkg/services/email.go
 */
import { flag, integer, neededText, OptionsProblem, text } from '../options.ts';
import { SendProblem, type ServiceType, sectionOf, timeoutMs } from '../sending.ts';

export const emailType: ServiceType = {
  credentials: (options) => [text(options, 'password')],
  make: (options) => {
    const host = neededText(options, 'host');
    const port = integer(options, 'port');
    if (port < 1 || port > 65_535) throw new OptionsProblem('port: must be a port');
    const from = neededText(options, 'from');
    const [username, password] = [text(options, 'username'), text(options, 'password')];
    const isHtml = flag(options, 'html');
    const isInsecure = flag(options, 'insecure_skip_verify');
    return async (notification, { recipient }) => {
      // One address, and no commands or headers behind it.
      if (!/^[^\s,;<>@]+@[^\s,;<>@]+$/.test(recipient))
        throw new SendProblem(`recipient ${JSON.stringify(recipient)} is not an e-mail address`);
      const section = sectionOf(notification, 'email') ?? {};
      const body = text(section, 'body') || notification.message;
      const { createTransport } = await import('nodemailer');
      const transport = createTransport({
        host,
        port,
        secure: port === 465,
        tls: { rejectUnauthorized: !isInsecure },
        ...(username === '' ? {} : { auth: { user: username, pass: password } }),
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await transport.sendMail({ from, to: recipient, subject: text(section, 'subject'), ...(isHtml ? { html: body } : { text: body }) });
      } catch (error) {
        throw problemOf(error, host, port);
      } finally {
        transport.close();
      }
    };
  },
};

function problemOf(error: unknown, host: string, port: number): SendProblem {
  const { message = 'unknown error', responseCode, code } = error as { message?: string; responseCode?: number; code?: string };
  // Replies of the 400s pass, those of the 500s do not; without a reply it was the connection.
  const mayRetry = responseCode === undefined ? code !== 'EAUTH' && code !== 'EENVELOPE' : responseCode < 500;
  return new SendProblem(`send mail over ${host}:${port}: ${message.split('\n')[0]}`, mayRetry);
}

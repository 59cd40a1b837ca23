/**
 * All types of services, and how one becomes a notifier: options are read once, failures become outcomes, and nothing that is secret in the
 * options is ever told.
 */
import { type MadeNotifier, type NotifierFactory, type SendOutcome, withoutSecretValues } from '@sluice/engine';
import { HttpError } from '../metrics/http/http.ts';
import { alertmanagerType } from './alertmanager/alertmanager.ts';
import { emailType } from './email/email.ts';
import { githubType } from './github/github.ts';
import { googleChatType } from './google-chat/google-chat.ts';
import { grafanaType } from './grafana/grafana.ts';
import { mattermostType } from './mattermost/mattermost.ts';
import { newRelicType } from './new-relic/new-relic.ts';
import { opsgenieType } from './opsgenie/opsgenie.ts';
import { isOptions, OptionsProblem } from './options.ts';
import { pagerdutyType } from './pagerduty/pagerduty.ts';
import { pagerdutyV2Type } from './pagerduty/pagerduty-v2.ts';
import { pushoverType } from './pushover/pushover.ts';
import { rocketchatType } from './rocketchat/rocketchat.ts';
import { isPassingError, type NotifierDependencies, SendProblem, type ServiceType } from './sending.ts';
import { slackType } from './slack/slack.ts';
import { SlackThreads } from './slack/threads.ts';
import { teamsType } from './teams/teams.ts';
import { teamsWorkflowsType } from './teams-workflows/teams-workflows.ts';
import { telegramType } from './telegram/telegram.ts';
import { webexType } from './webex/webex.ts';
import { webhookType } from './webhook/webhook.ts';

/** Of upstream's: those that speak a protocol of their own and are not here. */
const missing: ReadonlySet<string> = new Set(['awssqs', 'gcppubsub', 'nats']);

/** One factory for a process: threads of Slack outlive a change of the configuration. */
export function notifierFactory(dependencies: NotifierDependencies): NotifierFactory {
  const types: Readonly<Record<string, ServiceType>> = Object.assign(Object.create(null), {
    alertmanager: alertmanagerType,
    email: emailType,
    github: githubType,
    googlechat: googleChatType,
    grafana: grafanaType,
    mattermost: mattermostType,
    newrelic: newRelicType,
    opsgenie: opsgenieType,
    pagerduty: pagerdutyType,
    pagerdutyv2: pagerdutyV2Type,
    pushover: pushoverType,
    rocketchat: rocketchatType,
    slack: slackType(new SlackThreads()),
    teams: teamsType,
    'teams-workflows': teamsWorkflowsType,
    telegram: telegramType,
    webex: webexType,
    webhook: webhookType,
  });
  return (name, options) => {
    const type = types[name];
    if (type !== undefined) return make(type, options ?? {}, dependencies);
    return { ok: false, problem: `service type '${name}' is not supported${missing.has(name) ? ' by this controller' : ''}` };
  };
}

function make(type: ServiceType, options: unknown, dependencies: NotifierDependencies): MadeNotifier {
  if (!isOptions(options)) return { ok: false, problem: 'must be a map of options' };
  try {
    const credentials = type.credentials(options);
    const send = type.make(options, dependencies);
    return {
      ok: true,
      notifier: {
        send: async (notification, destination): Promise<SendOutcome> => {
          try {
            await send(notification, destination);
            return { ok: true };
          } catch (error) {
            return { ok: false, ...outcomeOf(error), problem: cut(withoutSecretValues(messageOf(error), credentials)) };
          }
        },
      },
    };
  } catch (error) {
    if (error instanceof OptionsProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

/** Longest problem that is told. */
const problemMax = 1_000;

function cut(text: string): string {
  return text.length > problemMax ? `${text.slice(0, problemMax)}...` : text;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function outcomeOf(error: unknown): { readonly mayRetry: boolean; readonly retryAfterMs?: number } {
  if (error instanceof HttpError) return { mayRetry: isPassingError(error) };
  if (!(error instanceof SendProblem)) return { mayRetry: false };
  return { mayRetry: error.mayRetry, ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }) };
}

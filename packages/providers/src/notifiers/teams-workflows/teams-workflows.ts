/**
 * Microsoft Teams over workflows of Power Automate, which take adaptive cards.
 *
 * @see argoproj/notifications-engine pkg/services/teams-workflows.go
 */
import type { Notification } from '@sluice/engine';
import { isSuccess } from '../../metrics/http/http.ts';
import { flag, isOptions, json, type Options, present, text, texts } from '../options.ts';
import { addressCredentials, isPassing, SendProblem, type ServiceType, sectionOf, timeoutMs, told } from '../sending.ts';

const addresses = /api\.(?:powerautomate|powerplatform)\.com|flow\.microsoft\.com|webhook\.office\.com\/workflows|\/powerautomate\//i;

export const teamsWorkflowsType: ServiceType = {
  credentials: (options) => [...texts(options, 'recipientUrls').values()].flatMap(addressCredentials),
  make: (options, { http }) => {
    const urls = texts(options, 'recipientUrls');
    const isInsecure = flag(options, 'insecureSkipVerify');
    return async (notification, { recipient }) => {
      const url = urls.get(recipient);
      if (url === undefined) throw new SendProblem(`no teams-workflows webhook configured for recipient ${recipient}`);
      const problem = addressProblem(url);
      if (problem !== undefined) throw new SendProblem(`invalid webhook URL for recipient ${recipient}: ${problem}`);
      const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', content: cardOf(notification) };
      const body = JSON.stringify({ type: 'message', attachments: [attachment] });
      const answer = await http({ method: 'POST', url, headers: { 'content-type': 'application/json' }, body, timeoutMs, isInsecure });
      if (isSuccess(answer)) return;
      const why = told(answer.body) || 'no error details provided';
      throw new SendProblem(`teams workflows webhook post error (status ${answer.status}): ${why}`, isPassing(answer.status));
    };
  },
};

function addressProblem(address: string): string | undefined {
  if (address === '') return 'webhook URL cannot be empty';
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return 'invalid webhook URL format';
  const isLocal = url.hostname === 'localhost' || url.hostname.startsWith('127.');
  if (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')) return 'webhook URL must use HTTPS scheme';
  return addresses.test(address) ? undefined : 'webhook URL does not appear to be one of Microsoft Teams Workflows (Power Automate)';
}

function cardOf(notification: Notification): unknown {
  const section = sectionOf(notification, 'teams-workflows') ?? {};
  const own = text(section, 'adaptiveCard');
  if (own !== '') return json('teams-workflows.adaptiveCard', own, 'map');
  const title = text(section, 'title');
  const body = text(section, 'text') || notification.message;
  const heading = present({
    type: 'TextBlock',
    text: title,
    size: 'Large',
    weight: 'Bolder',
    color: text(section, 'themeColor'),
    wrap: true,
  });
  const sections = listOf(section, 'sections').map((part) => (isOptions(part) && Array.isArray(part.facts) ? part.facts : []));
  const factSets = [listOf(section, 'facts'), ...sections].map(factsOf).filter(({ facts }) => facts.length > 0);
  return {
    type: 'AdaptiveCard',
    version: '1.4',
    body: [...(title === '' ? [] : [heading]), ...(body === '' ? [] : [{ type: 'TextBlock', text: body, wrap: true }]), ...factSets],
    ...present({ actions: listOf(section, 'potentialAction').flatMap(actionOf) }),
  };
}

function listOf(section: Options, field: string): readonly unknown[] {
  const rendered = text(section, field);
  return rendered === '' ? [] : (json(`teams-workflows.${field}`, rendered, 'list') as readonly unknown[]);
}

function factsOf(facts: readonly unknown[]): { readonly type: string; readonly facts: readonly unknown[] } {
  const named = facts.filter(isOptions).filter(({ name }) => typeof name === 'string');
  return {
    type: 'FactSet',
    facts: named.map(({ name, value = '' }) => ({ title: name, value: typeof value === 'string' ? value : JSON.stringify(value) })),
  };
}

/** Of the old cards' actions those that open an address. */
function actionOf(action: unknown): readonly unknown[] {
  if (!isOptions(action) || action['@type'] !== 'OpenUri' || !Array.isArray(action.targets)) return [];
  const [target] = action.targets as readonly unknown[];
  if (!isOptions(target) || typeof target.uri !== 'string' || target.uri === '') return [];
  return [present({ type: 'Action.OpenUrl', title: typeof action.name === 'string' ? action.name : '', url: target.uri })];
}

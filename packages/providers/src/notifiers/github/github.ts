/**
 * GitHub: commit statuses, deployments, comments on pull requests, check runs and repository dispatches, as an app or with a token. Which
 * repository and commit is said by the template (`repoURLPath`, `revisionPath`).
 *
 * @see argoproj/notifications-engine pkg/services/github.go; GitHub's REST API
 */
import type { Notification } from '@sluice/engine';
import { flag, inner, json, type Options, present, text, textList } from '../options.ts';
import { SendProblem, type ServiceType, sectionOf, shortened } from '../sending.ts';
import { type GitHubApi, gitHubApi } from './api.ts';

type Target = { readonly api: GitHubApi; readonly repository: string; readonly revision: string; readonly message: string };

export const githubType: ServiceType = {
  credentials: (options) => [text(options, 'privateKey'), text(options, 'token')],
  make: (options, dependencies) => {
    const api = gitHubApi(options, dependencies);
    return async (notification) => {
      const section = sectionOf(notification, 'github');
      if (section === undefined) throw new SendProblem('config is empty');
      const target = targetOf(section, notification, api);
      const part = async (name: string, send: (part: Options, target: Target) => Promise<void>): Promise<void> => {
        const wanted = inner(section, name);
        if (wanted !== undefined) await send(wanted, target);
      };
      await part('status', sendStatus);
      await part('deployment', sendDeployment);
      await part('pullRequestComment', sendComment);
      await part('checkRun', sendCheckRun);
      await part('repositoryDispatch', sendDispatch);
    };
  },
};

function targetOf(section: Options, { message }: Notification, api: GitHubApi): Target {
  const address = text(section, 'repoURLPath');
  if (address === '') throw new SendProblem('github.repoURLPath is missing: a template for a Rollout has to say which repository is meant');
  // `https://host/owner/name.git`, `ssh://git@host/owner/name`, `git@host:owner/name.git`
  const path = address
    .replace(/^[a-z+]+:\/\/[^/]+/i, '')
    .replace(/^[^/@]*@[^/:]+:/, '')
    .replace(/\.git\/?$/, '');
  const [owner = '', name = ''] = path.split('/').filter((part) => part !== '');
  if (name === '') throw new SendProblem(`GitHub.repoURL (${address}) does not have a \`/\``);
  return {
    api,
    repository: `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`,
    revision: text(section, 'revisionPath'),
    message,
  };
}

const descriptionMax = 140;
const commentMax = 65_536;

async function sendStatus(status: Options, { api, repository, revision, message }: Target): Promise<void> {
  const context = text(status, 'label');
  const answer = await api.send(
    'POST',
    `${repository}/statuses/${encodeURIComponent(revision)}`,
    {
      state: text(status, 'state'),
      target_url: text(status, 'targetURL'),
      description: shortened(message, descriptionMax),
      context,
    },
    [422],
  );
  if (answer.status === 422) throw new SendProblem(`too many commit statuses for sha ${revision} and context ${context}`);
}

async function sendDeployment(deployment: Options, { api, repository, revision, message }: Target): Promise<void> {
  const environment = text(deployment, 'environment');
  const query = new URLSearchParams(present({ ref: revision, environment }) as Record<string, string>);
  const known = await api.list(`${repository}/deployments?${query.toString()}`);
  const found =
    known[0] ??
    (await api.create(`${repository}/deployments`, {
      ref: text(deployment, 'reference') || revision,
      auto_merge: deployment.autoMerge === undefined ? true : flag(deployment, 'autoMerge'),
      required_contexts: textList(deployment, 'requiredContexts'),
      transient_environment: flag(deployment, 'transientEnvironment'),
      environment,
    }));
  await api.create(`${repository}/deployments/${text(found, 'id')}/statuses`, {
    state: text(deployment, 'state'),
    log_url: text(deployment, 'logURL'),
    description: shortened(message, descriptionMax),
    environment,
    environment_url: text(deployment, 'environmentURL'),
  });
}

/** With a tag, the comment that carries it is written anew in place of a further one. */
async function sendComment(comment: Options, { api, repository, revision }: Target): Promise<void> {
  const tag = text(comment, 'commentTag');
  const mark = `<!-- argocd-notifications ${tag} -->`;
  const content = shortened(text(comment, 'content'), commentMax);
  const body = tag === '' ? content : `${content}\n${mark}`;
  for (const request of await api.list(`${repository}/commits/${encodeURIComponent(revision)}/pulls`)) {
    const comments = `${repository}/issues/${text(request, 'number')}/comments`;
    const present =
      tag === '' ? undefined : (await api.list(`${comments}?per_page=100`)).find((known) => text(known, 'body').includes(mark));
    if (present === undefined) await api.create(comments, { body });
    else await api.send('PATCH', `${repository}/issues/comments/${text(present, 'id')}`, { body });
  }
}

async function sendCheckRun(run: Options, { api, repository, revision }: Target): Promise<void> {
  const conclusion = text(run, 'conclusion');
  const status = text(run, 'status') || (conclusion === '' ? '' : 'completed');
  const completedAt = text(run, 'completed_at');
  if ((status === 'completed' || completedAt !== '') && conclusion === '') {
    throw new SendProblem('github checkrun: conclusion is required when status is completed or completed_at is set');
  }
  const output = inner(run, 'output');
  await api.create(`${repository}/check-runs`, {
    name: text(run, 'name'),
    head_sha: revision,
    external_id: 'argocd-notifications',
    ...present({
      details_url: text(run, 'details_url'),
      status,
      conclusion,
      started_at: text(run, 'started_at'),
      completed_at: completedAt,
    }),
    ...(output === undefined
      ? {}
      : { output: { title: text(output, 'title'), summary: text(output, 'summary'), text: text(output, 'text') } }),
  });
}

async function sendDispatch(dispatch: Options, { api, repository }: Target): Promise<void> {
  const payload = text(dispatch, 'client_payload');
  await api.send('POST', `${repository}/dispatches`, {
    event_type: text(dispatch, 'event_type'),
    ...(payload === '' ? {} : { client_payload: json('github.repositoryDispatch.client_payload', payload, 'map') }),
  });
}

/** The create-only resources that are answered and never stored, each by the function that answers it. */
import { type Clock, formatTime } from '@sluice/api';
import type { Reader, ReviewRequest, Reviews } from '../../ports.ts';
import type { BearerVerdict } from '../authentication.ts';
import type { RbacAuthorizer } from '../rbac/authorizer.ts';
import type { ServiceAccountTokens } from '../service-account-tokens.ts';
import { reviewAccess, reviewRules } from './access-reviews.ts';
import { reviewSelf, reviewToken } from './identity-reviews.ts';
import { requestToken } from './token-request.ts';

export type ReviewsOptions = {
  readonly authorizer: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly judgeBearer: (token: string) => BearerVerdict;
  readonly reader: Reader;
  readonly clock: Clock;
};

type Answer = (request: ReviewRequest) => ReviewRequest['object'];

export function createReviews({ authorizer, tokens, judgeBearer, reader, clock }: ReviewsOptions): Reviews {
  const byAccess: Answer = (request) => reviewAccess(request, authorizer);
  const answers: Readonly<Record<string, Answer>> = {
    'authorization.k8s.io/selfsubjectaccessreviews': byAccess,
    'authorization.k8s.io/subjectaccessreviews': byAccess,
    'authorization.k8s.io/localsubjectaccessreviews': byAccess,
    'authorization.k8s.io/selfsubjectrulesreviews': (request) => reviewRules(request, authorizer),
    'authentication.k8s.io/selfsubjectreviews': (request) => reviewSelf(request, formatTime(clock.now())),
    'authentication.k8s.io/tokenreviews': (request) => reviewToken(request, judgeBearer),
    '/serviceaccounts/token': (request) => requestToken(request, tokens, reader, clock),
  };
  const answerFor = (group: string, resource: string, subresource: string): Answer | undefined =>
    answers[subresource === '' ? `${group}/${resource}` : `${group}/${resource}/${subresource}`];
  return {
    handles: (group, resource, subresource) => answerFor(group, resource, subresource) !== undefined,
    async create(request) {
      const answer = answerFor(request.group, request.resource, request.subresource);
      if (answer === undefined) throw new Error(`no review answers ${request.group}/${request.resource}`);
      return answer(request);
    },
  };
}

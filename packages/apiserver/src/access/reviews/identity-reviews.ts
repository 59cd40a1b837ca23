/** Who am I, and whose is this token: SelfSubjectReview and TokenReview of `authentication.k8s.io/v1`. */
import type { KubeObject } from '@sluice/api';
import type { ReviewRequest, UserInfo } from '../../ports.ts';
import type { BearerVerdict } from '../authentication.ts';
import { tokenIssuer } from '../service-account-tokens.ts';
import { badRequest, record, text, texts } from './invalid.ts';

export function reviewSelf(request: ReviewRequest, now: string): KubeObject {
  const { metadata } = request.object;
  return {
    ...request.object,
    metadata: { ...metadata, creationTimestamp: now },
    status: { userInfo: userStatus(request.user) },
  };
}

/** @param judge - who a bearer token stands for, and for which audiences it was made */
export function reviewToken(request: ReviewRequest, judge: (token: string) => BearerVerdict): KubeObject {
  const spec = record(request.object.spec);
  const token = text(spec.token);
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const wanted = texts(spec.audiences);
  const targets = wanted.length === 0 ? [tokenIssuer] : wanted;
  const verdict = judge(token);
  if (!verdict.ok) return { ...request.object, status: { user: {}, error: verdict.problem } };
  const audiences = targets.filter((audience) => verdict.audiences.includes(audience));
  if (audiences.length === 0) {
    const error = `[invalid bearer token, token audiences ${quoted(verdict.audiences)} is invalid for the target audiences ${quoted(targets)}]`;
    return { ...request.object, status: { user: {}, error } };
  }
  return { ...request.object, status: { authenticated: true, user: userStatus(verdict.user), audiences } };
}

function userStatus(user: UserInfo): Readonly<Record<string, unknown>> {
  const hasExtra = user.extra !== undefined && Object.keys(user.extra).length > 0;
  return {
    username: user.name,
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(hasExtra ? { extra: user.extra } : {}),
  };
}

function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

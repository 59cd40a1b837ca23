/** Answers of 400 and above as a `Status`, also where something in between answered with text. */
import { failure, type Status, type StatusReason } from '@sluice/api';

const reasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export function statusOf(code: number, body: unknown): Status {
  if (code === 401) {
    const said = isStatus(body) ? (body.message ?? 'Unauthorized') : 'Unauthorized';
    return failure(
      401,
      'Unauthorized',
      `the server does not accept these credentials (401 ${said}); check the token or certificate in use`,
    );
  }
  if (isStatus(body)) return { ...body, code: body.code ?? code };
  // Paths that no kind answers for say so in text; these are client-go's words for it.
  if (code === 404) return failure(404, 'NotFound', 'the server could not find the requested resource');
  const text = typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 300) : `status ${code}`;
  return failure(code, reasons[code] ?? (code >= 500 ? 'InternalError' : ''), `the server answered ${code}: ${text}`);
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

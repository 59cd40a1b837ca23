/**
 * Who may talk to a server that asks nobody for a name: programs of this machine, and the pages it has served itself. A page of
 * somebody else in the same browser reaches the address too; its requests are told by their headers.
 */
import type { IncomingHttpHeaders } from 'node:http';

const ownHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Why a request is refused; undefined when it is not.
 *
 * The Host must be this machine, or a name that somebody has pointed at 127.0.0.1 would make their page one of ours (DNS rebinding). A
 * browser says where a request comes from (`Sec-Fetch-Site`, `Origin`): another site may neither change nor read anything.
 */
export function refusal(method: string, headers: IncomingHttpHeaders): string | undefined {
  const { host = '', origin } = headers;
  if (!ownHosts.has(hostName(host))) return 'this dashboard answers to localhost only';
  const site = headers['sec-fetch-site'];
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && method === 'GET';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation) return 'requests of other sites are refused';
  if (origin !== undefined && origin !== `http://${host}`) return 'requests of other sites are refused';
  return undefined;
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '');
}

/** What a browser is told to hold to. Styles and scripts come from files only, so that text of the cluster can never become either. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

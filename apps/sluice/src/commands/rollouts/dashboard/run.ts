/** `dashboard`: serves the pages until it is stopped. */
import { listenError } from '../../../listen-error.ts';
import { untilStopped } from '../../../until-stopped.ts';
import type { Session } from '../session.ts';
import { loadPages } from './pages.ts';
import { type Dashboard, startDashboard } from './server.ts';

/** The flags as they were typed. */
export type DashboardFlags = { readonly port?: unknown; readonly rootPath?: unknown };

/** @throws Error for flags that cannot be used, UserError for a port that cannot be had */
export async function runDashboard(session: Session, flags: DashboardFlags): Promise<void> {
  const port = portOf(String(flags.port ?? '3100'));
  const rootPath = rootPathOf(String(flags.rootPath ?? 'rollouts'));
  const pages = loadPages(rootPath === '' ? '/' : `/${rootPath}/`);
  // Said at once when the cluster does not answer or does not know Rollouts; the pages would only show it.
  await session.client.raw({ method: 'GET', path: '/version', signal: session.io.signal });
  const dashboard: Dashboard = await startDashboard({ session, port, rootPath, pages }).catch((error: unknown) => {
    throw listenError(error, '127.0.0.1', port, '--port');
  });
  session.io.err.write(`Argo Rollouts Dashboard is now available at http://localhost:${dashboard.port}/${rootPath}\n`);
  await untilStopped(session.io.signal);
  await dashboard.close();
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new Error(`invalid argument ${JSON.stringify(text)} for "-p, --port" flag: not a port`);
}

/** Parts of letters, digits and `-_.~` between single slashes. */
function rootPathOf(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, '');
  if (path === '' || /^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) return path;
  throw new Error(`invalid argument ${JSON.stringify(text)} for "--root-path" flag: not a path`);
}

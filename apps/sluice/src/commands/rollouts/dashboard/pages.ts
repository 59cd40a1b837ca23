/** The files of the web pages as they were bundled. Read once; every path that is no file is the one page, which finds its way itself. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

type PageFile = { readonly contentType: string; readonly etag: string; readonly body: Buffer };

export interface Pages {
  /** @param path - below the root path, without a leading slash */
  file(path: string): PageFile;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * @param base - the root path between slashes: `/rollouts/`
 * @throws Error when the pages are missing from this installation
 */
export function loadPages(base: string, folder: string = pagesFolder()): Pages {
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined) continue;
    const content = readFileSync(join(folder, name));
    files.set(name, pageFile(contentType, name === 'index.html' ? withBase(content.toString('utf8'), base) : content));
  }
  const index = files.get('index.html');
  if (index === undefined) throw new Error('the pages of the dashboard are missing from this installation');
  return { file: (path) => files.get(path) ?? index };
}

function pageFile(contentType: string, body: Buffer): PageFile {
  return { contentType, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

function withBase(html: string, base: string): Buffer {
  const escaped = base.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return Buffer.from(html.replace(/<base href="[^"]*"/, () => `<base href="${escaped}"`));
}

/** Beside the built program; in its `dist` when run from source. */
function pagesFolder(): string {
  const found = ['./dashboard/', '../dashboard/', '../../../../dist/dashboard/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'index.html')));
  if (found === undefined) throw new Error('the pages of the dashboard are missing from this installation');
  return found;
}

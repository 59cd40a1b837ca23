/**
 * `rollouts dashboard` as people have it: the built program beside a cluster, and a real browser in front of it. Without a browser only
 * the API is asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Rollout, rolloutType } from '@sluice/api';
import { builtinTypes, type Client, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort, root, type Sluice, startSluice, until } from '../harness/program.ts';

const browserPath = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
if (browserPath === undefined) console.warn('skipped: the pages of the dashboard in a browser, since there is no chromium on the PATH');

let sluice: Sluice;
let client: Client;
let port: number;
let server: ChildProcess | undefined;

async function startServer(): Promise<void> {
  const program = join(root, 'apps/sluice/bin/kubectl-argo-rollouts');
  const started = spawn(process.execPath, [program, 'dashboard', '-p', String(port)], {
    env: { ...process.env, KUBECONFIG: sluice.kubeconfig },
    stdio: 'pipe',
  });
  server = started;
  let said = '';
  started.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('the dashboard', async () => {
    if (started.exitCode !== null) throw new Error(said);
    return said === `Argo Rollouts Dashboard is now available at http://localhost:${port}/rollouts\n` ? true : undefined;
  });
}

async function stopServer(): Promise<void> {
  const running = server;
  if (running === undefined || running.exitCode !== null) return;
  const ended = new Promise((resolve) => running.once('close', resolve));
  running.kill('SIGTERM');
  await ended;
}

beforeAll(async () => {
  sluice = await startSluice();
  port = await freePort();
  const config = loadKubeconfig({ kubeconfig: sluice.kubeconfig, env: {}, homeDir: '/' });
  client = createClient(httpTransport(config, { userAgent: 'test' }), { fieldManager: 'test' });
  for (const name of ['cart-active', 'cart-preview']) await client.create(builtinTypes.services, service(name));
  await client.create(
    rolloutType,
    rollout('web', { canary: { steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: { duration: '1s' } }] } }),
  );
  await client.create(rolloutType, rollout('cart', { blueGreen: { activeService: 'cart-active', previewService: 'cart-preview' } }));
  await client.create(rolloutType, rollout('search', { canary: {} }));
  for (const name of ['web', 'cart', 'search']) await untilPhase(name, 'Healthy');
  await startServer();
});

afterAll(async () => {
  await stopServer();
  await client?.close();
  await sluice?.stop();
});

function service(name: string): Parameters<Client['create']>[1] {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
  };
}

function rollout(name: string, strategy: Rollout['spec']['strategy'] & object): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: 'default', labels: { team: name === 'web' ? 'blue' : 'green' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      strategy,
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: `example.com/${name}:1` }] } },
    },
  };
}

const read = (name: string): Promise<Rollout> => client.get<Rollout>(rolloutType, { namespace: 'default', name });

async function untilPhase(name: string, phase: string): Promise<void> {
  await until(`${name} ${phase}`, async () => ((await read(name)).status?.phase === phase ? true : undefined), 60_000);
}

describe('the program', () => {
  it('serves API and pages as they were built', async () => {
    const base = `http://localhost:${port}/rollouts/`;
    const list = (await (await fetch(`${base}api/v1/rollouts/default/info`)).json()) as { rollouts: { objectMeta: { name: string } }[] };
    expect(list.rollouts.map(({ objectMeta }) => objectMeta.name)).toEqual(['cart', 'search', 'web']);
    expect(await (await fetch(`${base}default`)).text()).toContain('<base href="/rollouts/"');
    const script = await fetch(`${base}app.js`);
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  });

  it('says what is wrong with a port that is taken, and with flags', async () => {
    const taken = await sluice.sluice(['rollouts', 'dashboard', '-p', String(port)]);
    expect([taken.code, taken.stderr]).toEqual([1, `Error: port ${port} on 127.0.0.1 is in use\n`]);
    const wrong = await sluice.sluice(['rollouts', 'dashboard', '--root-path', 'a b']);
    expect([wrong.code, wrong.stderr]).toEqual([1, 'Error: invalid argument "a b" for "--root-path" flag: not a path\n']);
  });
});

describe.skipIf(browserPath === undefined)('in a browser', () => {
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserPath ?? '',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    complaints = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`http://localhost:${port}/rollouts/`);
    await page.getByRole('link', { name: 'web' }).waitFor();
  });
  afterEach(() => page.close());
  afterAll(() => browser?.close());

  const names = (): Promise<readonly string[]> => page.locator('[data-rollout-link]').allTextContents();

  it('a list is searched, filtered and gone through with the keyboard alone', async () => {
    expect(await names()).toEqual(['cart', 'search', 'web']);
    await page.keyboard.press('/');
    await page.keyboard.type('team:green, !sea');
    expect(await names()).toEqual(['cart']);
    await page.keyboard.press('Escape');
    await page.keyboard.type('we');
    await page.keyboard.press('Tab');
    expect(await page.getByRole('searchbox').inputValue()).toBe('web');
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator(':focus').textContent()).toBe('search');
    await page.keyboard.press('Shift+H');
    await page.getByRole('dialog', { name: 'Keyboard and search' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Paused/ }).click();
    await page.getByText('Nothing fits').waitFor();
    await page.getByRole('button', { name: 'Show all 3' }).click();
    await page.getByRole('link', { name: 'search' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'search' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/rollouts/rollout/default/search');
    expect(complaints).toEqual([]);
  });

  it('favourites and the form of the list outlive the visit', async () => {
    await page.getByRole('button', { name: 'Favourite web' }).click();
    await page.getByRole('button', { name: 'Show as grid' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Show as table' }).waitFor();
    await page.getByRole('link', { name: 'web' }).waitFor();
    expect(await names()).toEqual(['web', 'cart', 'search']);
    expect(await page.evaluate("localStorage.getItem('rolloutsFavorites')")).toBe('{"web":true}');
    await page.getByRole('button', { name: 'Favourites' }).click();
    expect(await names()).toEqual(['web']);
  });

  it('a canary is given an image, watched, promoted, given another, aborted and rolled back', async () => {
    await page.getByRole('link', { name: 'web' }).click();
    const status = page.locator('.head .status');
    const press = async (name: string): Promise<void> => {
      await page.locator('.head').getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).click();
    };
    const setImage = async (image: string): Promise<void> => {
      await page.getByRole('button', { name: 'Edit the image of main' }).click();
      await page.getByRole('textbox', { name: 'Image of main' }).fill(image);
      await page.getByRole('button', { name: 'Save' }).click();
    };
    await setImage('example.com/web:2');
    await page.getByText('web has a new image').waitFor();
    await status.filter({ hasText: 'Paused' }).waitFor();
    expect(await page.locator('[aria-current="step"]').textContent()).toContain('Pause until promoted');
    await expect
      .poll(() => page.locator('.weight-large').getAttribute('aria-label'), { timeout: 10_000 })
      .toContain('canary 50, stable 50');
    await expect.poll(() => page.locator('.pod[data-tone="good"]').count(), { timeout: 10_000 }).toBe(2);
    await press('Promote');
    await status.filter({ hasText: 'Healthy' }).waitFor();
    expect((await read('web')).spec.template?.spec?.containers[0]?.image).toBe('example.com/web:2');
    await setImage('example.com/web:3');
    await status.filter({ hasText: 'Paused' }).waitFor();
    await press('Abort');
    await status.filter({ hasText: 'Degraded' }).waitFor();
    expect(await page.locator('.head').getByRole('button', { name: 'Abort' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Roll back to revision 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await status.filter({ hasText: 'Healthy' }).waitFor();
    expect((await read('web')).spec.template?.spec?.containers[0]?.image).toBe('example.com/web:2');
    expect(complaints).toEqual([]);
  });

  it('what was refused is said in the words of the server', async () => {
    await page.getByRole('link', { name: 'search' }).click();
    await page.getByRole('button', { name: 'Edit the image of main' }).click();
    await page.getByRole('textbox', { name: 'Image of main' }).fill('not an image');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('search: the image is not a reference').waitFor();
    await page.keyboard.press('Escape');
  });

  it('everything fits on a screen of 400 pixels', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    const overflow = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByRole('link', { name: 'cart' }).click();
    await page.getByRole('heading', { name: 'Revisions' }).waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });

  it('a server that went away and came back is found again, with what happened meanwhile', async () => {
    await stopServer();
    await page.getByText('reconnecting').waitFor();
    await client.create(rolloutType, rollout('late', { canary: {} }));
    await client.delete(rolloutType, { namespace: 'default', name: 'search' });
    await startServer();
    await page.getByRole('link', { name: 'late' }).waitFor();
    await page.getByRole('link', { name: 'search' }).waitFor({ state: 'detached' });
    await page.getByText('live', { exact: true }).waitFor();
  });
});

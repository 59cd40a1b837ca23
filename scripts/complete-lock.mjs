// Adds to package-lock.json the optional packages of other platforms that `npm install` left out because the registry in use does not
// carry them. `npm ci` wants every one of them named, on any machine, though it installs only those of its own platform.
// Run after a change of dependencies: node scripts/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** Reads os, cpu and libc off a name such as `@scope/binding-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/).flatMap((word) => (word === 'armv7' || word === 'armv6' ? ['arm'] : [word]));
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.some((word) => word.startsWith('gnu')) ? 'glibc' : undefined;
  return { ...(os ? { os: [os] } : {}), ...(cpu ? { cpu: [cpu] } : {}), ...(os === 'linux' && libc ? { libc: [libc] } : {}) };
}

let added = 0;
for (const [at, entry] of Object.entries(lock.packages)) {
  if (at === '' || !at.includes('node_modules/')) continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const isThere = Object.keys(lock.packages).some((other) => other === `node_modules/${name}` || other === `${at}/node_modules/${name}`);
    if (isThere) continue;
    const platform = platformOf(name);
    // Without a platform in its name it would be installed everywhere; a package for no system keeps npm from asking for it.
    const where = Object.keys(platform).length === 0 ? { os: ['none'] } : platform;
    lock.packages[`node_modules/${name}`] = {
      version: version.replace(/^[\^~]/, ''),
      ...where,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    };
    added++;
  }
}
const root = { '': lock.packages[''] };
delete lock.packages[''];
lock.packages = { ...root, ...Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))) };
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages of other platforms added to package-lock.json`);

/**
 * The server's keys: authority, serving certificate, administrator's certificate and token, and the key that signs ServiceAccount
 * tokens. Each is made when first asked for and kept in `DATA/pki` (files readable by their owner only) if there is a data folder.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@sluice/api';
import { type CertificateRequest, issueCertificate, isUsable, type KeyPair, makeAuthority } from './certificates.ts';

const dayMs = 24 * 3600 * 1000;
const authorityName = 'sluice';
const authorityValidMs = 3650 * dayMs;
const certificateValidMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;

/** Names that every serving certificate carries; those of a real API server's `kubernetes` Service among them. */
const servingNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '127.0.0.1',
  '::1',
  '10.96.0.1',
] as const;

/** Key that signs tokens, with the id that names it in token headers and in the JWKS. */
export type SigningKey = { readonly id: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export interface Keys {
  authority(): KeyPair;
  administrator(): KeyPair;
  /** Bearer token of the administrator: 32 random bytes as text. */
  administratorToken(): string;
  serving(host: string): KeyPair;
  signing(): SigningKey;
}

export type KeysOptions = {
  readonly dataDir?: string | undefined;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
};

const checkedForMs = 60_000;

export function openKeys(options: KeysOptions): Keys {
  const { clock, randomBytes } = options;
  const files = options.dataDir === undefined ? memoryFiles() : folderFiles(join(options.dataDir, 'pki'));
  const known = new Map<string, { readonly found: KeyPair; readonly names: string; readonly checkedAt: number }>();

  const pair = (name: string, names: string, isRight: (found: KeyPair) => boolean, make: () => KeyPair): KeyPair => {
    const cached = known.get(name);
    // A check costs 2 ms and some callers ask at every change of an object.
    if (cached !== undefined && cached.names === names && clock.now() - cached.checkedAt < checkedForMs) return cached.found;
    const certificatePem = files.read(`${name}.crt`);
    const keyPem = files.read(`${name}.key`);
    let found = certificatePem === undefined || keyPem === undefined ? undefined : { certificatePem, keyPem };
    if (found === undefined || !isRight(found)) {
      found = make();
      files.write(`${name}.key`, found.keyPem);
      files.write(`${name}.crt`, found.certificatePem);
    }
    known.set(name, { found, names, checkedAt: clock.now() });
    return found;
  };

  const validity = (lengthMs: number): CertificateRequest['validity'] => ({
    // Clocks of other machines may be behind ours.
    notBefore: clock.now() - 3600 * 1000,
    notAfter: clock.now() + lengthMs,
  });

  const authority = (): KeyPair =>
    pair(
      'ca',
      '',
      (found) => isUsable(found, found.certificatePem, clock.now(), renewBeforeMs),
      () => makeAuthority({ subject: { commonName: authorityName }, validity: validity(authorityValidMs), serial: randomBytes(16) }),
    );

  const issued = (
    name: string,
    subject: CertificateRequest['subject'],
    purpose: CertificateRequest['purpose'],
    names: readonly string[],
  ): KeyPair => {
    const issuer = authority();
    return pair(
      name,
      names.join(),
      (found) => isUsable(found, issuer.certificatePem, clock.now(), renewBeforeMs, names),
      () => issueCertificate(issuer, authorityName, { subject, purpose, validity: validity(certificateValidMs), serial: randomBytes(16) }),
    );
  };

  let token: string | undefined;
  let signingKey: SigningKey | undefined;
  return {
    authority,
    administrator: () => issued('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'] }, { kind: 'client' }, []),
    administratorToken() {
      token ??= files.read('admin.token')?.trim();
      if (token === undefined || token === '') {
        token = Buffer.from(randomBytes(32)).toString('base64url');
        files.write('admin.token', `${token}\n`);
      }
      return token;
    },
    serving(host) {
      const isWildcard = host === '' || host === '0.0.0.0' || host === '::';
      const names = [...new Set([...servingNames, hostname().toLowerCase(), ...(isWildcard ? [] : [host])])].filter((name) => name !== '');
      return issued('server', { commonName: 'kube-apiserver' }, { kind: 'server', names }, names);
    },
    signing() {
      if (signingKey !== undefined) return signingKey;
      let pem = files.read('sa.key');
      if (pem === undefined) {
        pem = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
        files.write('sa.key', pem);
      }
      const privateKey = createPrivateKey(pem);
      const publicKey = createPublicKey(privateKey);
      // The same derivation as upstream's serviceaccount/jwt.go keyIDFromPublicKey.
      const id = createHash('sha256')
        .update(publicKey.export({ type: 'spki', format: 'der' }))
        .digest('base64url');
      signingKey = { id, privateKey, publicKey };
      return signingKey;
    },
  };
}

type Files = { read(name: string): string | undefined; write(name: string, text: string): void };

function memoryFiles(): Files {
  const texts = new Map<string, string>();
  return { read: (name) => texts.get(name), write: (name, text) => void texts.set(name, text) };
}

function folderFiles(folder: string): Files {
  return {
    read(name) {
      try {
        return readFileSync(join(folder, name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write(name, text) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, `${name}.new`);
      writeFileSync(temporary, text, { mode: 0o600, flush: true });
      renameSync(temporary, join(folder, name));
    },
  };
}

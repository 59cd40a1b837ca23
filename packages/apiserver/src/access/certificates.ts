/**
 * X.509 certificates for the server and its administrator: ECDSA P-256, signed by an authority of our own. Makes and judges
 * certificates in memory; `keys.ts` keeps them in files. Profile: RFC 5280.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Instant } from '@sluice/api';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
} from './der.ts';

/** A certificate and its private key in PEM (PKCS #8). */
export type KeyPair = { readonly certificatePem: string; readonly keyPem: string };

type Validity = { readonly notBefore: Instant; readonly notAfter: Instant };

type Subject = { readonly commonName: string; readonly organizations?: readonly string[] };

type Purpose =
  | { readonly kind: 'authority' }
  | { readonly kind: 'server'; readonly names: readonly string[] }
  | { readonly kind: 'client' };

export type CertificateRequest = {
  readonly subject: Subject;
  readonly purpose: Purpose;
  readonly validity: Validity;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
};

const oids = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** A self-signed authority. */
export function makeAuthority(request: Omit<CertificateRequest, 'purpose'>): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const issuer = { subject: request.subject, privateKey, publicKey };
  return encode({ ...request, purpose: { kind: 'authority' } }, issuer, { privateKey, publicKey });
}

/** A certificate with a new key, signed by the authority. */
export function issueCertificate(authority: KeyPair, authorityName: string, request: CertificateRequest): KeyPair {
  const privateKey = createPrivateKey(authority.keyPem);
  const issuer = { subject: { commonName: authorityName }, privateKey, publicKey: createPublicKey(privateKey) };
  return encode(request, issuer, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
}

type Issuer = { readonly subject: Subject; readonly privateKey: KeyObject; readonly publicKey: KeyObject };

function encode(
  request: CertificateRequest,
  issuer: Issuer,
  keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): KeyPair {
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const serial = Buffer.from(request.serial);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name(issuer.subject),
    sequence(time(request.validity.notBefore), time(request.validity.notAfter)),
    name(request.subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(request.purpose, keys.publicKey, issuer.publicKey))),
  );
  const certificate = sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, issuer.privateKey)));
  const lines = certificate
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function name(subject: Subject): Buffer {
  const attribute = (oid: string, value: string): Buffer => setOf(sequence(objectIdentifier(oid), utf8String(value)));
  return sequence(
    ...(subject.organizations ?? []).map((value) => attribute(oids.organization, value)),
    attribute(oids.commonName, subject.commonName),
  );
}

function extensions(purpose: Purpose, subjectKey: KeyObject, issuerKey: KeyObject): readonly Buffer[] {
  const extension = (oid: string, isCritical: boolean, value: Buffer): Buffer =>
    sequence(objectIdentifier(oid), ...(isCritical ? [boolean(true)] : []), octetString(value));
  const isAuthority = purpose.kind === 'authority';
  const list = [
    // digitalSignature, keyCertSign and cRLSign are bits 0, 5 and 6.
    extension(oids.keyUsage, true, isAuthority ? bitString(Buffer.from([0b1000_0110]), 1) : bitString(Buffer.from([0b1000_0000]), 7)),
    extension(oids.basicConstraints, true, isAuthority ? sequence(boolean(true)) : sequence()),
    extension(oids.subjectKeyIdentifier, false, octetString(keyIdentifier(subjectKey))),
  ];
  if (!isAuthority) {
    const usage = purpose.kind === 'server' ? oids.serverAuth : oids.clientAuth;
    list.push(
      extension(oids.extendedKeyUsage, false, sequence(objectIdentifier(usage))),
      extension(oids.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(issuerKey)))),
    );
  }
  if (purpose.kind === 'server') list.push(extension(oids.subjectAltName, false, sequence(...purpose.names.map(alternativeName))));
  return list;
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** dNSName is `[2]`, iPAddress `[7]` with 4 or 16 bytes. */
function alternativeName(text: string): Buffer {
  switch (isIP(text)) {
    case 4:
      return implicit(7, Buffer.from(text.split('.').map(Number)));
    case 6:
      return implicit(7, addressBytes(text));
    default:
      return implicit(2, Buffer.from(text, 'latin1'));
  }
}

function addressBytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): readonly number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = groups(tail ?? '');
  const middle = tail === undefined ? [] : new Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...before, ...middle, ...after].forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2);
  });
  return bytes;
}

/** True while the pair belongs together, was signed by the authority, names all hosts and is valid for `marginMs` more. */
export function isUsable(pair: KeyPair, authorityPem: string, now: Instant, marginMs: number, names: readonly string[] = []): boolean {
  try {
    const certificate = new X509Certificate(pair.certificatePem);
    const authority = new X509Certificate(authorityPem);
    return (
      certificate.checkPrivateKey(createPrivateKey(pair.keyPem)) &&
      certificate.verify(authority.publicKey) &&
      Date.parse(certificate.validFrom) <= now &&
      Date.parse(certificate.validTo) > now + marginMs &&
      names.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined)
    );
  } catch {
    return false;
  }
}

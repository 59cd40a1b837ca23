/** Addresses in rules: Kubernetes' `url`, `ip` and `cidr` libraries. */
import type { Environment } from '@marcbachmann/cel-js';
import { ipVersion, isCidr, isRequestUri } from '../formats.ts';

/** Parts of a URL as Go's `net/url` cuts them. */
class CelUrl {
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(text: string) {
    const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/.exec(text);
    this.text = text;
    this.scheme = (match?.[1] ?? '').toLowerCase();
    this.host = (match?.[2] ?? '').replace(/^.*@/, '');
    this.path = match?.[3] ?? '';
    this.query = match?.[4] ?? '';
  }

  toString(): string {
    return this.text;
  }
}

/** An address as bytes: 4 or 16 of them. */
class CelIp {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  toString(): string {
    return ipText(this.bytes);
  }
}

class CelCidr {
  readonly ip: CelIp;
  readonly prefix: number;

  constructor(ip: CelIp, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }

  toString(): string {
    return `${this.ip.toString()}/${this.prefix}`;
  }
}

export function registerNetwork(env: Environment): void {
  registerUrls(env);
  registerAddresses(env);
}

function registerUrls(env: Environment): void {
  const type = 'kubernetes.URL';
  env.registerType(type, { ctor: CelUrl, fields: {} });
  env.registerOperator(`${type} == ${type}`, (a: CelUrl, b: CelUrl) => a.text === b.text);
  env.registerFunction(`url(string): ${type}`, (text: string) => {
    if (!isRequestUri(text))
      throw new Error(
        `URL parse error during conversion from string: parse "${text}": ${text.startsWith(':') ? 'missing protocol scheme' : 'invalid URI for request'}`,
      );
    return new CelUrl(text);
  });
  env.registerFunction('isURL(string): bool', (text: string) => isRequestUri(text));
  env.registerFunction(`${type}.getScheme(): string`, (url: CelUrl) => url.scheme);
  env.registerFunction(`${type}.getHost(): string`, (url: CelUrl) => url.host);
  env.registerFunction(`${type}.getHostname(): string`, (url: CelUrl) => url.host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'));
  env.registerFunction(`${type}.getPort(): string`, (url: CelUrl) => /:(\d*)$/.exec(url.host)?.[1] ?? '');
  env.registerFunction(`${type}.getEscapedPath(): string`, (url: CelUrl) => url.path);
  env.registerFunction(`${type}.getQuery(): map<string, list<string>>`, (url: CelUrl) => {
    const query = new Map<string, string[]>();
    for (const [key, value] of new URLSearchParams(url.query)) query.set(key, [...(query.get(key) ?? []), value]);
    return query;
  });
}

function registerAddresses(env: Environment): void {
  const ip = 'net.IP';
  const cidr = 'net.CIDR';
  env.registerType(ip, { ctor: CelIp, fields: {} });
  env.registerType(cidr, { ctor: CelCidr, fields: {} });
  env.registerOperator(`${ip} == ${ip}`, (a: CelIp, b: CelIp) => a.toString() === b.toString());
  env.registerOperator(`${cidr} == ${cidr}`, (a: CelCidr, b: CelCidr) => a.toString() === b.toString());
  env.registerFunction(`ip(string): ${ip}`, ipOf);
  env.registerFunction('isIP(string): bool', (text: string) => parseIp(text) !== undefined);
  env.registerFunction(`string(${ip}): string`, (address: CelIp) => address.toString());
  env.registerFunction(`${ip}.family(): int`, (address: CelIp) => (address.bytes.length === 4 ? 4n : 6n));
  env.registerFunction(`${ip}.isUnspecified(): bool`, (address: CelIp) => address.bytes.every((byte) => byte === 0));
  env.registerFunction(`${ip}.isLoopback(): bool`, isLoopback);
  env.registerFunction(`${ip}.isLinkLocalMulticast(): bool`, isLinkLocalMulticast);
  env.registerFunction(`${ip}.isLinkLocalUnicast(): bool`, isLinkLocalUnicast);
  env.registerFunction(`${ip}.isGlobalUnicast(): bool`, isGlobalUnicast);
  class IpNamespace {}
  env.registerType('IpNamespace', { ctor: IpNamespace, fields: {} });
  env.registerConstant('ip', 'IpNamespace', new IpNamespace());
  env.registerFunction('IpNamespace.isCanonical(string): bool', (_: unknown, text: string) => ipOf(text).toString() === text);
  env.registerFunction(`cidr(string): ${cidr}`, cidrOf);
  env.registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined);
  env.registerFunction(`string(${cidr}): string`, (range: CelCidr) => range.toString());
  env.registerFunction(`${cidr}.containsIP(string): bool`, (range: CelCidr, text: string) => holds(range, parseIp(text) ?? noOverload()));
  env.registerFunction(`${cidr}.containsIP(${ip}): bool`, holds);
  env.registerFunction(`${cidr}.containsCIDR(string): bool`, (range: CelCidr, text: string) =>
    holdsRange(range, parseCidr(text) ?? noOverload()),
  );
  env.registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, holdsRange);
  env.registerFunction(`${cidr}.ip(): ${ip}`, (range: CelCidr) => range.ip);
  env.registerFunction(`${cidr}.prefixLength(): int`, (range: CelCidr) => BigInt(range.prefix));
  env.registerFunction(
    `${cidr}.masked(): ${cidr}`,
    (range: CelCidr) => new CelCidr(new CelIp(masked(range.ip.bytes, range.prefix)), range.prefix),
  );
}

/** Where the server takes a text for an address and it is none. */
function noOverload(): never {
  throw new Error('no such overload');
}

function ipOf(text: string): CelIp {
  const address = parseIp(text);
  if (address === undefined)
    throw new Error(`IP Address "${text}" parse error during conversion from string: ParseAddr("${text}"): unable to parse IP`);
  return address;
}

function cidrOf(text: string): CelCidr {
  const range = parseCidr(text);
  if (range === undefined) throw new Error(`network address parse error during conversion from string: invalid CIDR address: ${text}`);
  return range;
}

/** No leading zeros, no zones, and no IPv4 in IPv6: stricter than the format `ipv4`. */
function parseIp(text: string): CelIp | undefined {
  const version = ipVersion(text);
  if (version === undefined) return undefined;
  if (version === 4) {
    const parts = text.split('.');
    return parts.some((part) => /^0\d/.test(part)) ? undefined : new CelIp(Uint8Array.from(parts.map(Number)));
  }
  if (text.includes('.')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const numbers = groups.map((group) => Number.parseInt(group, 16));
  const isMapped = numbers.slice(0, 5).every((number) => number === 0) && numbers[5] === 0xffff;
  return isMapped ? undefined : new CelIp(Uint8Array.from(numbers.flatMap((number) => [number >> 8, number & 255])));
}

function parseCidr(text: string): CelCidr | undefined {
  if (!isCidr(text)) return undefined;
  const [address = '', prefix = ''] = text.split('/');
  const ip = parseIp(address);
  return ip === undefined || /^0\d/.test(prefix) ? undefined : new CelCidr(ip, Number(prefix));
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  let bestAt = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      bestAt = i;
      bestLength = length;
    }
  }
  const words = groups.map((group) => group.toString(16));
  if (bestAt < 0) return words.join(':');
  return `${words.slice(0, bestAt).join(':')}::${words.slice(bestAt + bestLength).join(':')}`;
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => {
    const kept = Math.max(0, Math.min(8, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

function holds(range: CelCidr, address: CelIp): boolean {
  if (range.ip.bytes.length !== address.bytes.length) return false;
  const network = masked(range.ip.bytes, range.prefix);
  return masked(address.bytes, range.prefix).every((byte, index) => byte === network[index]);
}

function holdsRange(range: CelCidr, other: CelCidr): boolean {
  return other.prefix >= range.prefix && holds(range, other.ip);
}

function isLoopback({ bytes }: CelIp): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function isLinkLocalMulticast({ bytes }: CelIp): boolean {
  if (bytes.length === 4) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0;
  return bytes[0] === 0xff && ((bytes[1] ?? 0) & 0x0f) === 2;
}

function isLinkLocalUnicast({ bytes }: CelIp): boolean {
  return bytes.length === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function isGlobalUnicast(address: CelIp): boolean {
  const { bytes } = address;
  const isMulticast = bytes.length === 4 ? ((bytes[0] ?? 0) & 0xf0) === 0xe0 : bytes[0] === 0xff;
  const isBroadcast = bytes.length === 4 && bytes.every((byte) => byte === 255);
  const isUnspecified = bytes.every((byte) => byte === 0);
  return !(isMulticast || isBroadcast || isUnspecified || isLoopback(address) || isLinkLocalUnicast(address));
}

/** Sprig's encodings, digests, paths, URLs and JSON. */
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from '../expression/utf8.ts';
import { escapeQuery } from './builtins.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { refuse } from './problem.ts';
import { copyOf, type Dict, jsonOf, newDict } from './values.ts';

type Any = readonly unknown[];
type One = readonly [string];

const digest = (algorithm: 'sha1' | 'sha256' | 'sha512'): FunctionTable[string] =>
  define('string', ([text]: One, run) =>
    run.digest === undefined ? refuse(`${algorithm}sum is not available here`) : run.digest(algorithm, text),
  );
const asJson = (form: Parameters<typeof jsonOf>[2]): FunctionTable[string] =>
  define('any', ([value]: Any, run) => jsonOf(value, run, form));
const path = (call: (path: string) => unknown): FunctionTable[string] => define('string', ([text]: One) => call(text));

const [base, dir, clean, ext, isAbs] = [
  path(baseOf),
  path(dirOf),
  path(cleaned),
  path(extensionOf),
  path((text) => text.startsWith('/')),
] as const;
const [toJson, toPrettyJson, toRawJson] = [asJson({}), asJson({ indent: true }), asJson({ isRaw: true })] as const;

export const encodingFunctions: FunctionTable = {
  toJson,
  mustToJson: toJson,
  toPrettyJson,
  mustToPrettyJson: toPrettyJson,
  toRawJson,
  mustToRawJson: toRawJson,
  fromJson: define('string', ([text]: One) => {
    const parsed = parsedJson(text);
    return parsed.ok ? parsed.value : null;
  }),
  mustFromJson: define('string', ([text]: One) => {
    const parsed = parsedJson(text);
    return parsed.ok ? parsed.value : refuse('invalid JSON');
  }),
  b64enc: define('string', ([text]: One) => encodeBase64(text)),
  b64dec: define('string', ([text]: One) => {
    const decoded = decodeBase64(text);
    return 'text' in decoded ? decoded.text : `illegal base64 data at input byte ${decoded.badAt}`;
  }),
  b32enc: define('string', ([text]: One) => encodeBase32(text)),
  b32dec: define('string', ([text]: One) => decodeBase32(text)),
  sha1sum: digest('sha1'),
  sha256sum: digest('sha256'),
  sha512sum: digest('sha512'),
  adler32sum: define('string', ([text]: One) => {
    let [a, b] = [1, 0];
    for (const byte of encodeUtf8(text)) {
      a = (a + byte) % 65_521;
      b = (b + a) % 65_521;
    }
    return String(b * 65_536 + a);
  }),
  base,
  dir,
  clean,
  ext,
  isAbs,
  osBase: base,
  osDir: dir,
  osClean: clean,
  osExt: ext,
  osIsAbs: isAbs,
  urlParse: define('string', ([text]: One) => parsedUrl(text)),
  urlJoin: define('dict', ([parts]: readonly [Dict], run) => joinedUrl(parts, run)),
};

function parsedJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: copyOf(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return { ok: false };
    throw error;
  }
}

const alphabet32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function encodeBase32(text: string): string {
  let [bits, held, encoded] = [0, 0, ''];
  for (const byte of encodeUtf8(text)) {
    held = ((held << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) encoded += alphabet32[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) encoded += alphabet32[(held << (5 - bits)) & 31];
  return encoded.padEnd(Math.ceil(encoded.length / 8) * 8, '=');
}

function decodeBase32(text: string): string {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  const body = text.replace(/[\r\n]/g, '');
  for (const [at, digit] of [...body.replace(/=+$/, '')].entries()) {
    const value = alphabet32.indexOf(digit);
    if (value < 0) return `illegal base32 data at input byte ${at}`;
    held = ((held << 5) | value) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return body.length % 8 === 0 ? decodeUtf8(bytes) : `illegal base32 data at input byte ${body.length}`;
}

function cleaned(text: string): string {
  const isRooted = text.startsWith('/');
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!isRooted) parts.push('..');
  }
  const joined = (isRooted ? '/' : '') + parts.join('/');
  return joined === '' ? '.' : joined;
}

function baseOf(text: string): string {
  if (text === '') return '.';
  const name = text.replace(/\/+$/, '');
  return name === '' ? '/' : name.slice(name.lastIndexOf('/') + 1);
}

function dirOf(text: string): string {
  return cleaned(text.slice(0, text.lastIndexOf('/') + 1));
}

function extensionOf(text: string): string {
  const name = text.slice(text.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

/** @see RFC 3986 appendix B for the expression */
function parsedUrl(text: string): Dict {
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const isOpaque = scheme !== '' && authority === '' && !path.startsWith('/') && path !== '';
  return newDict([
    ['fragment', fragment],
    ['host', host],
    ['hostname', host.startsWith('[') ? host.slice(1).replace(/\].*$/, '') : host.replace(/:\d*$/, '')],
    ['opaque', isOpaque ? path : ''],
    ['path', isOpaque ? '' : path.replace(/%[0-9a-fA-F]{2}/g, '').includes('%') ? refuse(`unable to parse url: ${text}`) : unescaped(path)],
    ['query', query],
    ['scheme', scheme.toLowerCase()],
    ['userinfo', at < 0 ? '' : authority.slice(0, at)],
  ]);
}

function unescaped(path: string): string {
  return path.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    decodeUtf8(
      run
        .slice(1)
        .split('%')
        .map((digits) => Number.parseInt(digits, 16)),
    ),
  );
}

function joinedUrl(parts: Dict, _run: Run): string {
  const part = (name: string): string => {
    const value = Object.hasOwn(parts, name) ? parts[name] : '';
    return typeof value === 'string' ? value : refuse(`unable to parse ${name} key, must be of type string`);
  };
  const userinfo = part('userinfo');
  const host = part('host');
  const path = part('path')
    .split('/')
    .map((segment) =>
      escapeQuery(segment)
        .replaceAll('+', '%20')
        .replace(/%(?:24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent),
    )
    .join('/');
  let text = part('scheme') === '' ? '' : `${part('scheme')}:`;
  if (part('opaque') !== '') text += part('opaque');
  else {
    if (part('scheme') !== '' || host !== '' || userinfo !== '') if (host !== '' || path !== '' || userinfo !== '') text += '//';
    if (userinfo !== '') text += `${userinfo}@`;
    text += host + (path !== '' && !path.startsWith('/') && host !== '' ? '/' : '') + path;
  }
  if (part('query') !== '') text += `?${part('query')}`;
  return part('fragment') === '' ? text : `${text}#${part('fragment')}`;
}

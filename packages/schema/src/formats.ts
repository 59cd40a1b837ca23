/** The string formats that an API server checks (kube-openapi `strfmt`). Any other format is ignored. */
import { parseTime } from '@sluice/api';

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
/** A lone label, or labels and a top-level name of letters alone. */
const hostName =
  /^(?:[\p{L}\p{S}0-9](?:-?[\p{L}\p{S}0-9]{0,62})?|(?:[\p{L}\p{S}0-9](?:[-\p{L}\p{S}0-9]{0,61}[\p{L}\p{S}0-9])?\.)+\p{L}{2,63})$/u;
const macForms = [/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i, /^[0-9a-f]{2}([:-][0-9a-f]{2}){7}$/i, /^[0-9a-f]{4}(\.[0-9a-f]{4}){2,3}$/i];

/** By name without dashes, as the server normalises them. */
const checks: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  byte: isBase64,
  cidr: isCidr,
  creditcard: isCreditCard,
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text),
  datetime: (text) => parseTime(text) !== undefined,
  duration: isDuration,
  email: (text) => isAddress(/^[^<>@]*<([^<>]*)>$/.exec(text.trim())?.[1] ?? text.trim()),
  hexcolor: (text) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  hostname: (text) => text.length <= 255 && hostName.test(text) && text.split('.').every((label) => label.length <= 63),
  ipv4: (text) => ipVersion(text) === 4,
  ipv6: (text) => ipVersion(text) === 6,
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  mac: (text) => macForms.some((form) => form.test(text)),
  password: () => true,
  rgbcolor: (text) => /^rgb\(\s*(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*(,\s*(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)$/.test(text),
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  uri: isRequestUri,
  uuid: (text) => uuid.test(text),
  uuid3: (text) => uuid.test(text) && text.replaceAll('-', '')[12] === '3',
  uuid4: (text) => /^.{12}4.{3}[89ab]/i.test(text.replaceAll('-', '')) && uuid.test(text),
  uuid5: (text) => /^.{12}5.{3}[89ab]/i.test(text.replaceAll('-', '')) && uuid.test(text),
};

export type FormatCheck = (text: string) => boolean;

/** The check of a format, or `undefined` where the server ignores it (such as `int32`). */
export function formatCheck(format: string | undefined): FormatCheck | undefined {
  if (format === undefined) return undefined;
  const name = format.replaceAll('-', '');
  return Object.hasOwn(checks, name) ? checks[name] : undefined;
}

/** 4, 6, or `undefined` for text that is no address. Leading zeros are tolerated as the server does. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (!text.includes(':')) {
    const parts = text.split('.');
    return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255) ? 4 : undefined;
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [position, part] of parts.entries()) {
      const isLast = index === halves.length - 1 && position === parts.length - 1;
      if (isLast && part.includes('.')) {
        if (ipVersion(part) !== 4) return undefined;
        groups += 2;
      } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups++;
      else return undefined;
    }
  }
  return halves.length === 2 ? (groups <= 7 ? 6 : undefined) : groups === 8 ? 6 : undefined;
}

export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const version = ipVersion(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  return version !== undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** Standard alphabet with padding. */
export function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
}

/** As Go's `url.ParseRequestURI`: absolute, or a path from the root. */
export function isRequestUri(text: string): boolean {
  if (text === '' || !/^[^\s\p{Cc}]*$/u.test(text)) return false;
  if (text.startsWith('/')) return !/%(?![0-9a-f]{2})/i.test(text);
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && (!text.includes('://') || URL.canParse(text));
}

function isAddress(text: string): boolean {
  return /^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+$/.test(text) && !/(^\.|\.\.|\.@)/.test(text);
}

function isDuration(text: string): boolean {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*$/.test(text) || text === '0')
    return true;
  return /^\d+\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/.test(
    text,
  );
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (10 - i) * (digits[i] === 'X' ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 13; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(digits[i]);
  return sum % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  const known =
    /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
  if (!known.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** Keeps values of Secrets out of what is told. */
import { encodeBase64 } from '../expression/utf8.ts';

/** Shorter values are words that stand in any message. */
const lengthMin = 4;

/** The text with each of these values, also as it stands in a URL, in JSON or in base64, as `***`. */
export function withoutSecretValues(text: string, values: Iterable<string>): string {
  const forms = new Set<string>();
  for (const value of values) {
    for (const known of [value, value.trim()]) {
      if (known.length < lengthMin) continue;
      for (const form of [known, encodeURIComponent(known), JSON.stringify(known).slice(1, -1), encodeBase64(known)]) forms.add(form);
    }
  }
  // Longest first: one may hold another.
  let told = text;
  for (const form of [...forms].sort((a, b) => b.length - a.length)) told = told.replaceAll(form, '***');
  return told;
}

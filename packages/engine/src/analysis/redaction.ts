/** Keeps values of Secrets out of what is written into a status: messages, values, metadata. */
import { goQuoted } from './go-text.ts';

export type Redact = (text: string) => string;

/**
 * Replaces the values of Secrets with `*****`: as they are, and as they stand in quotes or in a URL. Longer ones go first, so that one that
 * is the beginning of another leaves nothing of it behind.
 */
export function redactorOf(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret === '') continue;
    for (const form of formsOf(secret)) forms.add(form);
  }
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((rest, form) => rest.replaceAll(form, '*****'), text);
}

function formsOf(secret: string): readonly string[] {
  const quoted = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, secret.trim(), quoted, goQuoted(secret), ...urlForms(secret)];
  return forms.filter((form) => form !== '');
}

/** None where the text holds half of a surrogate pair, which no URL can hold. */
function urlForms(secret: string): readonly string[] {
  try {
    const encoded = encodeURIComponent(secret);
    return [encoded, encoded.replaceAll('%20', '+'), encodeURI(secret)];
  } catch {
    return [];
  }
}

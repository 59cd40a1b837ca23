/** Puts the artifact version into a Chart.yaml: a change of one line, so comments and order stay as their author left them. */
import { parseYaml } from '@sluice/schema';

/** The version cannot be an image tag or the stamped text did not read back. */
export class StampError extends Error {}

/** What can be an OCI tag or a digest: the version becomes the tag of an image. */
const usable = /^([A-Za-z0-9_][A-Za-z0-9._+-]{0,127}|sha256:[0-9a-f]{64})$/;

/**
 * Replaces the value of the top-level `appVersion`, or adds the line. The value is always quoted: unquoted, `1.10` would be a number.
 *
 * @throws StampError when the version is of a shape that no image tag has
 */
export function stampAppVersion(chartYaml: string, appVersion: string): string {
  if (!usable.test(appVersion)) {
    throw new StampError(`app version ${JSON.stringify(appVersion)} cannot be an image tag: letters, digits, '_', '.', '-', at most 128`);
  }
  const stamped = replaceLine(chartYaml, `appVersion: "${appVersion}"`);
  if (readAppVersion(stamped) !== appVersion) {
    throw new StampError('Chart.yaml: appVersion must be a plain value on one line of its own');
  }
  return stamped;
}

/** `undefined` too when the text is no YAML any more. */
function readAppVersion(chartYaml: string): unknown {
  try {
    return (parseYaml(chartYaml)[0] as { readonly appVersion?: unknown } | undefined)?.appVersion;
  } catch {
    return undefined;
  }
}

function replaceLine(text: string, line: string): string {
  // The value ends before a comment; a quoted one may hold '#'.
  const existing = /^appVersion[ \t]*:[ \t]*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|[^#\n\r]*?)?([ \t]+#[^\n\r]*|[ \t]*)(\r?)$/m;
  if (existing.test(text)) return text.replace(existing, (_match, rest: string, end: string) => `${line}${rest.trimEnd()}${end}`);
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** A label value cannot hold all that a tag can: illegal characters become `_`, and it ends after 63. */
export function labelSafe(version: string): string {
  return version
    .replaceAll(/[^A-Za-z0-9_.-]/g, '_')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

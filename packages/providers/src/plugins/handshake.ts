/**
 * The first line that a plugin of hashicorp/go-plugin prints: `1|1|unix|/tmp/plugin1|netrpc`. Core protocol, protocol of the application,
 * network, address, and since some version the kind of calls, a certificate and whether gRPC streams share a connection.
 *
 * @see https://github.com/hashicorp/go-plugin docs/internals.md
 */

/** Where the plugin listens. */
export type PluginAddress =
  | { readonly network: 'unix'; readonly path: string }
  | { readonly network: 'tcp'; readonly host: string; readonly port: number };

export type HandshakeResult =
  | { readonly ok: true; readonly address: PluginAddress }
  /** A sentence about the line, without the line itself where that may be anything. */
  | { readonly ok: false; readonly problem: string };

const coreProtocol = '1';
/** Of Argo Rollouts. */
const applicationProtocol = '1';
/** What `sun_path` holds. */
const socketPathBytesMax = 107;

export function readHandshake(line: string): HandshakeResult {
  const fail = (problem: string): HandshakeResult => ({ ok: false, problem });
  const [core, application, network, address, protocol = 'netrpc', certificate = ''] = line.trim().split('|');
  if (core === undefined || application === undefined || network === undefined || address === undefined) {
    return fail(`its first line is not a handshake of go-plugin: ${JSON.stringify(printable(line))}`);
  }
  if (core !== coreProtocol) return fail(`it speaks core protocol ${JSON.stringify(printable(core))} of go-plugin, not ${coreProtocol}`);
  if (application !== applicationProtocol) {
    return fail(`it speaks protocol version ${JSON.stringify(printable(application))}, not ${applicationProtocol}`);
  }
  if (protocol !== 'netrpc' && protocol !== '') return fail(`it speaks ${JSON.stringify(printable(protocol))}, not netrpc`);
  if (certificate !== '') return fail('it wants TLS, which was not offered');
  if (network === 'unix') {
    const length = Buffer.byteLength(address);
    if (length === 0 || length > socketPathBytesMax || address.includes('\0')) return fail('the path of its socket cannot be used');
    return { ok: true, address: { network, path: address } };
  }
  if (network === 'tcp') {
    const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined || port < 1 || port > 65_535) return fail('its address cannot be read');
    return { ok: true, address: { network, host, port } };
  }
  return fail(`it listens on network ${JSON.stringify(printable(network))}, which is not known`);
}

/** A piece of foreign output that is fit for a message: short, and without control characters. */
export function printable(text: string, lengthMax = 120): string {
  const clean = text.replace(/\p{C}/gu, '?');
  return clean.length > lengthMax ? `${clean.slice(0, lengthMax)}...` : clean;
}

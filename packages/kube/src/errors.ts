/** Failures that are not an answer of the server: a configuration that cannot be used, a server that cannot be reached. */

/** A kubeconfig, or something it names, cannot be used. The message is one line for the user and never holds a secret. */
export class KubeconfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeconfigError';
  }
}

/** No answer came from the server. `code` is the system's or undici's (`ECONNREFUSED`, `UND_ERR_SOCKET`), for telling failures apart. */
export class ConnectionError extends Error {
  readonly server: string;
  readonly code: string;

  constructor(server: string, cause: unknown) {
    const code = codeOf(cause);
    super(`the server ${server} cannot be reached: ${explain(code, cause)}`, { cause });
    this.name = 'ConnectionError';
    this.server = server;
    this.code = code;
  }
}

function codeOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : '';
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half way',
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by an unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an unknown authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is signed by an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
};

function explain(code: string, cause: unknown): string {
  const known = explanations[code];
  if (known !== undefined) return known;
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n')[0] ?? code;
}

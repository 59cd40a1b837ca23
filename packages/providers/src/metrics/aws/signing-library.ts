/** Signatures and credentials as a module of ours, to be loaded with the first call. A bundle names exports of CommonJS only in static imports. */
export { Sha256 } from '@aws-crypto/sha256-js';
export { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
export { SignatureV4 } from '@smithy/signature-v4';

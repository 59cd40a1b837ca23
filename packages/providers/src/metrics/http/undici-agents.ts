/** What we use of undici as a module of ours, to be loaded with the first call. A bundle names exports of CommonJS only in static imports. */
export { Agent, EnvHttpProxyAgent, request } from 'undici';

/** The version of the program, as its package says. */
import manifest from '../package.json' with { type: 'json' };

export const version: string = manifest.version;

/** What servers see of us. */
export const userAgent: string = `sluice/${version}`;

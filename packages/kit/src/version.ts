import manifest from '../package.json' with { type: 'json' };

/** The release all services of this repository share. */
export const version: string = manifest.version;

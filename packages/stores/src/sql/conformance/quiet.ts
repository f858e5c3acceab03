/** A log that nobody reads. */
export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

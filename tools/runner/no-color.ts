// Imported before vitest, which decides about colours once, as it loads: a log file or a pipe gets plain text.
if (!process.stdout.isTTY && process.env.FORCE_COLOR === undefined) process.env.NO_COLOR = '1';

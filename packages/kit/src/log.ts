import type { Clock } from '@frameworks/std';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config/definition.ts';
import { describeError } from './describe-error.ts';
import { createRedactor, redactJson } from './redact.ts';

/** Structured logger. Data first, then the message: `log.info({ streamId }, 'ingest claimed')`. Never put prose into data. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level?: LogLevel;
  /** Gets one JSON line per record. Default: standard output, written synchronously so that a crash loses nothing. */
  readonly destination?: DestinationStream;
  /** Values that must never be written, beyond everything that looks like a secret: see `listSecrets`. */
  readonly secrets?: readonly string[];
  /** Stamps the records. Default: the machine's clock. */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * A logger that writes no secrets. Each finished line is searched: property names such as `password` or `refreshToken`
 * lose their value at any depth; secret shapes (`redactText`) and `secrets` are replaced in messages, values, property
 * names, errors and bindings of child loggers alike. Lines without a suspicion cost one regular expression.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { service, instance, level = 'info', clock = Date } = options;
  const redactor = createRedactor(options.secrets);
  return pino(
    {
      level,
      base: { service, instance },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      messageKey: 'message',
      errorKey: 'error',
      formatters: { level: (label) => ({ level: label }), log: describeErrors },
      // For bindings of child loggers, which the formatter above does not see.
      serializers: { error: (value) => (value instanceof Error ? describeError(value) : value) },
      hooks: { streamWrite: (line) => (redactor.suspects(line) ? redactLine(line, redactor.clean) : line) },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** A logger that writes nothing, for tests and tools. */
export function createSilentLogger(): Logger {
  return pino({ level: 'silent' });
}

function redactLine(line: string, clean: (text: string) => string): string {
  try {
    return `${JSON.stringify(redactJson(JSON.parse(line), clean))}\n`;
  } catch {
    // Not JSON after all: then as one text, which may damage its shape but leaks nothing.
    return clean(line);
  }
}

/** Under whatever name: pino's serializers go by name, and an error under another one would be written as `{}`. */
function describeErrors(record: Record<string, unknown>): Record<string, unknown> {
  if (!Object.values(record).some((value) => value instanceof Error)) return record;
  const entries = Object.entries(record).map(([name, value]) => [
    name,
    value instanceof Error ? describeError(value) : value,
  ]);
  return Object.fromEntries(entries);
}

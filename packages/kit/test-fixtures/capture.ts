import type { DestinationStream } from 'pino';

/** A log destination that keeps its lines. */
export function captureLog(): {
  destination: DestinationStream;
  lines: () => Record<string, unknown>[];
  text: () => string;
} {
  const written: string[] = [];
  return {
    destination: { write: (line) => void written.push(line) },
    lines: () => written.map((line) => JSON.parse(line)),
    text: () => written.join(''),
  };
}

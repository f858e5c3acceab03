import { FleetConfigError, FleetRefusedError, FleetStartError } from '@frameworks/fleet/mistakes';
import type { ExitCode } from './io.ts';

/** Says why a fleet did not start, without a stack trace, and with which exit code the process ends. */
export function explainFailure(error: unknown, err: (line: string) => void): ExitCode {
  if (error instanceof FleetConfigError) {
    const { length } = error.mistakes;
    err(`frameworks: ${length === 1 ? '1 mistake' : `${length} mistakes`} in the configuration; nothing was started.`);
    for (const { subject, message } of error.mistakes) err(`  ${subject}: ${message}`);
    return 2;
  }
  if (error instanceof FleetStartError) {
    err(`frameworks: ${error.step} could not start: ${endSentence(error.message)} Everything was stopped again.`);
    for (const line of error.logTail) err(`  | ${line}`);
    if (error.logFile !== undefined) err(`  Its log: ${error.logFile}`);
    return 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  err(
    `frameworks: ${error instanceof FleetRefusedError ? endSentence(message) : `unexpected: ${endSentence(message)} This is a bug of ours.`}`,
  );
  return 1;
}

function endSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogDirectory, readTail, readTailForPeople } from './logs.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fleet-logs-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function append(logs: LogDirectory, text: string): void {
  const log = logs.open('navigator');
  log.write(text);
  log.close();
  log.write('too late');
}

describe('LogDirectory', () => {
  it('appends across starts and shows the last lines', () => {
    const logs = new LogDirectory(join(directory, 'logs'));
    append(logs, 'one\ntwo\n');
    append(logs, '\nthree\n');
    expect(readTail(logs.file('navigator'), 2)).toEqual(['two', 'three']);
    expect(readTail(logs.file('navigator'), 9)).toEqual(['one', 'two', 'three']);
    expect(statSync(logs.file('navigator')).mode & 0o777).toBe(0o600);
  });

  it('has no lines where there is no log', () => {
    expect(readTail(new LogDirectory(directory).file('navigator'), 5)).toEqual([]);
  });

  it('says for people what a log ends with: no JSON, no stack traces, nothing twice in a row', () => {
    const logs = new LogDirectory(directory);
    const failing = { level: 'warn', message: 'a turn failed', error: { message: 'refused', stack: 'Error\n at x' } };
    const lines = [{ level: 'info', message: 'up' }, failing, { ...failing, time: 'later' }].map((line) =>
      JSON.stringify(line),
    );
    append(logs, `${lines.join('\n')}\nSegmentation fault\n`);
    const people = ['info: up', 'warn: a turn failed: refused', 'Segmentation fault'];
    expect(readTailForPeople(logs.file('navigator'), 5)).toEqual(people);
    expect(readTailForPeople(logs.file('navigator'), 1)).toEqual(people.slice(-1));
  });

  it('keeps two generations of a large log', () => {
    const logs = new LogDirectory(directory);
    writeFileSync(logs.file('navigator'), '');
    truncateSync(logs.file('navigator'), 16 * 1024 * 1024 + 1);
    append(logs, 'fresh\n');
    expect(readdirSync(directory).sort()).toEqual(['navigator.1.log', 'navigator.log']);
    expect(readTail(logs.file('navigator'), 5)).toEqual(['fresh']);
  });
});

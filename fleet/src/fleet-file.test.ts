import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FleetDescription, findFleetFile, fleetFilePath, removeFleetFile, writeFleetFile } from './fleet-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fleet-file-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const description: FleetDescription = {
  launcher: { pid: 12, mode: 'processes' },
  services: [{ name: 'navigator', instance: 'navigator-1', pid: 13, url: 'http://127.0.0.1:1', grpc: '127.0.0.1:2' }],
  stores: {
    postgres: 'postgres://127.0.0.1:3/frameworks',
    redis: { central: 'redis://127.0.0.1:4' },
    log: 'nats://127.0.0.1:5',
  },
  clusters: [],
  tenants: [],
};

describe('fleet.json', () => {
  it('is read as it was written, with its time', () => {
    const before = Date.now();
    writeFleetFile(directory, description);
    const read = findFleetFile(directory);
    expect(read?.description).toEqual(description);
    expect(read?.path).toBe(join(directory, 'fleet.json'));
    expect(Math.abs((read?.writtenAt ?? 0) - before)).toBeLessThan(5000);
  });

  it('is for its owner alone and leaves nothing beside it', () => {
    writeFleetFile(directory, description);
    writeFleetFile(directory, { ...description, services: [] });
    expect(statSync(fleetFilePath(directory)).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['fleet.json']);
    expect(findFleetFile(directory)?.description.services).toEqual([]);
  });

  it('is absent before and after', () => {
    expect(findFleetFile(directory)).toBeUndefined();
    expect(findFleetFile(join(directory, 'missing'))).toBeUndefined();
    writeFleetFile(directory, description);
    removeFleetFile(directory);
    removeFleetFile(directory);
    expect(findFleetFile(directory)).toBeUndefined();
  });

  it.each(['', '{', '[]', '{}', '{"launcher":{"pid":"1","mode":"embedded"},"stores":{},"services":[]}'])(
    'is refused as %j',
    (text) => {
      writeFileSync(fleetFilePath(directory), text);
      expect(() => findFleetFile(directory)).toThrow('is not a fleet file of this version');
    },
  );
});

import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, writePrivateFile } from './files.ts';

/** `embedded`: all services in the launcher's process. `processes`: each in its own, on real servers. */
export type FleetMode = 'embedded' | 'processes';

/** One running service instance. */
export interface FleetServiceEntry {
  name: string;
  instance: string;
  /** The process to signal; the launcher's where the service has none of its own. */
  pid: number;
  /** Base of its operator listener: `/healthz`, `/readyz`, `/metrics`. */
  url: string;
  /** `host:port` of its gRPC listener, when it has one. */
  grpc?: string;
}

/** What `<data-dir>/fleet.json` says: where everything is. Holds passwords, hence mode 0600. Nothing else may assume a port. */
export interface FleetDescription {
  launcher: { pid: number; mode: FleetMode };
  services: FleetServiceEntry[];
  stores: {
    postgres: string;
    /** By cell; empty where cells keep their state in memory. */
    redis: Record<string, string>;
    /** The event log's address, when there is one. */
    log?: string;
  };
  /** Media clusters in order of creation. None until the media plane is part of the fleet. */
  clusters: [];
  tenants: [];
}

const fileName = 'fleet.json';

/** Path of the file in a data directory. */
export function fleetFilePath(dataDir: string): string {
  return join(dataDir, fileName);
}

/** Writes the file at once, mode 0600. */
export function writeFleetFile(dataDir: string, description: FleetDescription): void {
  writePrivateFile(fleetFilePath(dataDir), `${JSON.stringify(description, undefined, 2)}\n`);
}

/** No file: nothing runs here, as far as anybody may rely on it. */
export function removeFleetFile(dataDir: string): void {
  rmSync(fleetFilePath(dataDir), { force: true });
}

/** A fleet file as read. */
export interface ReadFleetFile {
  path: string;
  /** Unix milliseconds. */
  writtenAt: number;
  description: FleetDescription;
}

/** The fleet of a data directory; undefined when there is no file. Throws when the file is not one of ours. */
export function findFleetFile(dataDir: string): ReadFleetFile | undefined {
  const path = fleetFilePath(dataDir);
  try {
    const writtenAt = statSync(path).mtimeMs;
    return { path, writtenAt, description: parseFleetDescription(readFileSync(path, 'utf8'), path) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function parseFleetDescription(text: string, path: string): FleetDescription {
  const value = parseJson(text);
  if (!isFleetDescription(value)) throw new Error(`${path} is not a fleet file of this version`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFleetDescription(value: unknown): value is FleetDescription {
  if (!isRecord(value) || !isRecord(value.launcher) || !isRecord(value.stores) || !Array.isArray(value.services))
    return false;
  const { pid, mode } = value.launcher;
  if (typeof pid !== 'number' || (mode !== 'embedded' && mode !== 'processes')) return false;
  return typeof value.stores.postgres === 'string' && value.services.every(isServiceEntry);
}

function isServiceEntry(value: unknown): value is FleetServiceEntry {
  if (!isRecord(value)) return false;
  const { name, instance, pid, url } = value;
  return typeof name === 'string' && typeof instance === 'string' && typeof pid === 'number' && typeof url === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** What the JSON beside a recording says it holds. */
export interface Description {
  readonly bytes: number;
  readonly sha256: string;
  readonly frames: number;
  readonly tracks: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  readonly packets: Readonly<Record<string, PacketSummary>>;
  readonly control: readonly ControlFrame[];
}

export interface PacketSummary {
  readonly count: number;
  readonly keyframes: number;
  readonly with_offset: number;
  readonly data_bytes: number;
  readonly first_time: number;
  readonly last_time: number;
  readonly first_data_prefix_hex: string;
}

export interface ControlFrame {
  readonly at: number;
  readonly magic: string;
  readonly payload_len: number;
  readonly body: unknown;
}

export interface Recording {
  readonly name: string;
  readonly bytes: Buffer;
  readonly description: Description;
}

/** One direction of one real connection each. */
export function listRecordings(): Recording[] {
  const names = readdirSync(FIXTURES).flatMap((file) => (file.endsWith('.bin') ? [file.slice(0, -'.bin'.length)] : []));
  return names.map((name) => ({
    name,
    bytes: readFileSync(join(FIXTURES, `${name}.bin`)),
    description: JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')),
  }));
}

/** A header file as MistServer writes it beside an MP4. */
export function readHeaderFile(): Buffer {
  return readFileSync(join(FIXTURES, 'vod_header.dtsh'));
}

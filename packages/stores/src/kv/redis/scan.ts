import type { Redis } from 'ioredis';
import type { ScanPage } from '../kv.ts';
import type { ScanRequest } from '../requests.ts';
import { call } from './script.ts';

/** SCAN, never KEYS: one page costs the server about `pageSize` steps, whatever it holds. */
export async function redisScan(client: Redis, cell: string, request: ScanRequest): Promise<ScanPage> {
  const prefix = `{${cell}}:${request.noun}:`;
  const pattern = `${escapeGlob(prefix + request.idPrefix)}*`;
  const cursor = request.cursor ?? '0';
  const [next, keys] = await call(client.scan(cursor, 'MATCH', pattern, 'COUNT', request.pageSize));
  return { ids: keys.map((key) => key.slice(prefix.length)), cursor: next === '0' ? undefined : next };
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, (char) => `\\${char}`);
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, deadline, untilAborted } from '@frameworks/std';
import { formatHostPort, type HostPort } from './config/address.ts';
import { summarizeError } from './describe-error.ts';
import type { HealthReport } from './health.ts';
import { listen } from './listen.ts';
import type { Metrics } from './metrics.ts';

export interface OperatorHttpOptions {
  /** Loopback unless the operator says otherwise: it has no authentication. Port 0: any free one. */
  readonly address: HostPort;
  readonly clock: Clock;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: Metrics;
  /** More read-only pages: path → what to answer as JSON. */
  readonly pages?: Readonly<Record<string, () => unknown>>;
}

/** The operator's listener. Never shared with anything public. */
export interface OperatorHttp {
  /** `host:port` it really listens on. */
  readonly address: string;
  /** Lets requests under way end, for at most `graceMs`, and cuts off everything else. */
  stop(graceMs?: number): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A probe or a scrape needs few; more is a mistake or an attack, and must not eat the service's descriptors. */
const mostConnections = 64;
const graceDefaultMs = 1_000;

/**
 * Serves `/healthz` (the process answers), `/readyz` (200 or 503 with the report as JSON) and `/metrics` (Prometheus).
 * Only GET and HEAD without a body; slow, large or malformed requests are refused. Rejects with ADDRESS_IN_USE and the
 * like if it cannot listen.
 */
export async function startOperatorHttp(options: OperatorHttpOptions): Promise<OperatorHttp> {
  const server = createServer({
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
  });
  server.maxConnections = mostConnections;
  server.on('request', (request, response) => void respond(request, response, options));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  const { port } = await listen(server, options.address, 'operator HTTP');
  return {
    address: formatHostPort({ host: options.address.host, port }),
    stop: (graceMs = graceDefaultMs) => close(server, options.clock, graceMs),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: OperatorHttpOptions,
): Promise<void> {
  const answer = await answerTo(request, options).catch((error) => text(500, summarizeError(error)));
  const { status, type, body, headers } = answer;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(request: IncomingMessage, options: OperatorHttpOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...text(405, 'only GET and HEAD'), headers: { allow: 'GET, HEAD', connection: 'close' } };
  }
  if (hasBody(request)) return { ...text(413, 'no request bodies'), headers: { connection: 'close' } };
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  if (path === '/healthz') return text(200, 'ok');
  if (path === '/readyz') {
    const report = await options.health();
    return json(report.ready ? 200 : 503, report);
  }
  if (path === '/metrics') {
    const { registry } = options.metrics;
    return { status: 200, type: registry.contentType, body: await registry.metrics() };
  }
  const page = Object.hasOwn(options.pages ?? {}, path) ? options.pages?.[path] : undefined;
  return page === undefined ? text(404, 'not found') : json(200, await page());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

async function close(server: Server, clock: Clock, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  using grace = deadline(graceMs, { clock });
  await Promise.race([closed, untilAborted(grace.signal)]);
  server.closeAllConnections();
  await closed;
}

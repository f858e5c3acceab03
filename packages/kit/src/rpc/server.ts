import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { type Clock, DeadlineExceeded, systemClock, withDeadline } from '@frameworks/std';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { createServer, type Server } from 'nice-grpc';
import { formatHostPort, type HostPort } from '../config/address.ts';
import { ServiceError } from '../errors.ts';
import type { HealthReport } from '../health.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { CertificateSource } from './certificate.ts';
import { type ClientCertificates, createServerCredentials } from './credentials.ts';
import { DenialLog } from './denial-log.ts';
import { type AnyHandler, toWireHandler } from './dispatch.ts';
import type { RpcGuard } from './guard.ts';
import type { ServiceHandlers } from './handlers.ts';
import { createHealthHandlers, HealthService } from './health-service.ts';
import { Intake } from './intake.ts';
import { defaultLimits, type RpcLimits, serverChannelOptions } from './limits.ts';
import { methodName, toWireService } from './method.ts';
import { createCallMetrics } from './metrics.ts';

export interface RpcServerOptions {
  /** Port 0 lets the system choose; `start` tells. */
  address: HostPort;
  credentials: CertificateSource;
  /** Default `required`. `optional` only for listeners where something must be reachable before it has a certificate. */
  clientCertificates?: ClientCertificates;
  guard: RpcGuard;
  log: Logger;
  metrics?: Metrics;
  /** Served as `grpc.health.v1`. Default: ready as long as the server runs. */
  health?: () => Promise<HealthReport>;
  limits?: Partial<RpcLimits>;
  clock?: Clock;
}

export interface RpcServer {
  /** Before `start`. Every method of the service must be there. */
  add<S extends DescService>(service: S, handlers: ServiceHandlers<S>): RpcServer;
  /** Resolves when connections are accepted, with the real port. FAILED_PRECONDITION / ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE. */
  start(): Promise<HostPort>;
  /** Refuses new calls, ends streams, lets unary calls finish for `graceMs` (default 5 s), then cuts. Never rejects. */
  stop(graceMs?: number): Promise<void>;
}

const defaultGraceMs = 5_000;
const alwaysReady = async (): Promise<HealthReport> => ({ ready: true, checks: [] });

/** A gRPC server over mTLS whose every call is admitted by the guard, has a deadline (unary) and fails with typed errors. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  // grpc-js prints to standard error what it also throws; every failure is reported by us, once.
  setLogVerbosity(logVerbosity.NONE);
  const { address, guard, log, clock = systemClock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const methods = new Map<string, DescMethod>();
  const services = new Set<string>();
  const metrics = createCallMetrics(options.metrics, 'server');
  const { maxUnaryMs, maxStreamAgeMs } = limits;
  const denials = new DenialLog({ log, metrics, clock });
  const intake = new Intake({ methods, guard, log, metrics, denials, clock, maxUnaryMs, maxStreamAgeMs });
  const wire = createServer({ ...serverChannelOptions(limits), interceptors: [intake.interceptor] });

  const server: RpcServer = {
    add(service, handlers) {
      services.add(service.typeName);
      for (const method of service.methods) methods.set(`/${methodName(method)}`, method);
      wire.add(toWireService(service), toWireHandlers(service, handlers, { intake, log }));
      return server;
    },
    async start() {
      const health = createHealthHandlers({
        report: options.health ?? alwaysReady,
        services: new Set(services),
        clock,
      });
      server.add(HealthService, health);
      const credentials = createServerCredentials(options.credentials, options.clientCertificates ?? 'required');
      try {
        return { host: address.host, port: await wire.listen(formatHostPort(address), credentials) };
      } catch (cause) {
        throw explainListen(cause, address);
      }
    },
    async stop(graceMs = defaultGraceMs) {
      intake.stop();
      await drain(wire, { intake, graceMs, clock });
    },
  };
  return server;
}

type Wiring = Parameters<typeof toWireHandler>[2];

function toWireHandlers<S extends DescService>(service: S, handlers: ServiceHandlers<S>, wiring: Wiring) {
  // `ServiceHandlers` has one handler per local name; from here on their types no longer matter.
  const byName = handlers as Record<string, AnyHandler | undefined>;
  const entries = service.methods.map((method) => {
    const handler = byName[method.localName];
    if (!handler) throw new Error(`${methodName(method)} has no handler`);
    return [method.localName, toWireHandler(method, handler.bind(handlers), wiring)];
  });
  // nice-grpc types an implementation by its definition, which is only known at run time here.
  return Object.fromEntries(entries) as Parameters<Server['add']>[1];
}

interface Draining {
  intake: Intake;
  graceMs: number;
  clock: Clock;
}

async function drain(wire: Server, { intake, graceMs, clock }: Draining): Promise<void> {
  try {
    await withDeadline(wire.shutdown(), graceMs, { clock, what: 'draining' });
  } catch (error) {
    if (!(error instanceof DeadlineExceeded)) throw error;
    // Not left to grpc-js: with channelz off it forgets its sessions, and callers would wait for their own deadlines.
    intake.cut();
    wire.forceShutdown();
  }
}

function explainListen(cause: unknown, address: HostPort): ServiceError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = formatHostPort(address);
  const data = { address: where, purpose: 'gRPC' };
  if (text.includes('EADDRINUSE')) {
    const message = `${where} is in use by another program; stop it or choose another address for gRPC`;
    return new ServiceError('FAILED_PRECONDITION', 'ADDRESS_IN_USE', { message, data, cause });
  }
  if (text.includes('EADDRNOTAVAIL') || text.includes('Name resolution')) {
    const message = `${address.host} is not an address of this machine; choose another for gRPC`;
    return new ServiceError('FAILED_PRECONDITION', 'ADDRESS_NOT_AVAILABLE', { message, data, cause });
  }
  return new ServiceError('INTERNAL', 'LISTEN_FAILED', { message: `cannot listen on ${where}: ${text}`, data, cause });
}

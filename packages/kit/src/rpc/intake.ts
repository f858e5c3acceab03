import type { DescMethod } from '@bufbuild/protobuf';
import { Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { ServiceError } from '../errors.ts';
import { ServerCall, type ServerCallOptions } from './server-call.ts';

/** Between our interceptor and our handlers only; whatever a client sends under any name is gone by then. */
export const ticketKey = 'frameworks-call';

export interface IntakeOptions
  extends Pick<ServerCallOptions, 'guard' | 'log' | 'metrics' | 'denials' | 'clock' | 'maxUnaryMs' | 'maxStreamAgeMs'> {
  /** By path, `/<method name>`. */
  methods: ReadonlyMap<string, DescMethod>;
}

/**
 * The first to see a call: admits it before a byte of its request is parsed, and leaves the result for the handler. nice-grpc
 * hands handlers nothing of the connection but metadata, so a ticket in fresh metadata leads back to the call.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #open = new Set<ServerCall>();
  readonly #tickets = new Map<string, ServerCall>();
  #lastTicket = 0;
  #stopping = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const method = this.#options.methods.get(path);
    if (!method) throw new Error(`${path} was registered without its descriptor`);
    const serverCall = new ServerCall({ ...this.#options, method, call });
    this.#open.add(serverCall);
    let ticket = '';
    // `admit` turns every failure into a status; were it ever to fail itself, one call hangs until its deadline, not the process.
    const reportBroken = (error: unknown) =>
      this.#options.log.error({ event: 'rpc_admission_broken', path, error }, 'admission failed');
    const close = () => {
      this.#open.delete(serverCall);
      this.#tickets.delete(ticket);
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            this.#admit(serverCall, metadata).then((issued) => {
              if (issued === undefined) return;
              ticket = issued;
              const clean = new Metadata();
              clean.set(ticketKey, ticket);
              pass(clean);
            }, reportBroken);
          },
          onCancel: () => {
            serverCall.cancelled();
            close();
          },
        }),
      sendStatus: (status, next) => {
        serverCall.ended(status);
        close();
        next(status);
      },
    });
  };

  /** The call a handler was given a ticket for. Each ticket is good once. */
  claim(ticket: string | undefined): ServerCall {
    const call = this.#tickets.get(ticket ?? '');
    if (!call)
      throw new ServiceError('CANCELLED', 'CANCELLED', { message: 'the call has ended before its handler began' });
    this.#tickets.delete(ticket ?? '');
    return call;
  }

  /** New calls are refused; streams, which have no end of their own, are ended so that their clients go elsewhere. */
  stop(): void {
    this.#stopping = true;
    for (const call of this.#open) if (call.stream) call.refuse(stopping());
  }

  /** The time to drain is over: whatever is still open ends now. */
  cut(): void {
    for (const call of this.#open) call.refuse(stopping());
  }

  async #admit(call: ServerCall, metadata: Metadata): Promise<string | undefined> {
    if (this.#stopping) call.refuse(stopping());
    else if (await call.admit(metadata)) {
      const ticket = String(++this.#lastTicket);
      this.#tickets.set(ticket, call);
      return ticket;
    }
    this.#open.delete(call);
    return undefined;
  }
}

const stopping = () => new ServiceError('UNAVAILABLE', 'SERVER_STOPPING', { message: 'the server is stopping' });

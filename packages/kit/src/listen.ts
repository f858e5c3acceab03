import type { Server } from 'node:net';
import { formatHostPort, type HostPort } from './config/address.ts';
import { ServiceError } from './errors.ts';

/**
 * Makes a server listen, or explains in one sentence why it cannot: ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE,
 * PORT_NOT_PERMITTED (FAILED_PRECONDITION), else LISTEN_FAILED.
 *
 * @param purpose what the listener is for, as the operator knows it: "operator HTTP".
 * @returns the port it really got.
 */
export function listen(server: Server, address: HostPort, purpose: string): Promise<{ readonly port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(explain(error, address, purpose));
    server.once('error', onError);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', onError);
      const bound = server.address();
      resolve({ port: typeof bound === 'object' && bound !== null ? bound.port : address.port });
    });
  });
}

function explain(cause: Error, address: HostPort, purpose: string): ServiceError {
  const where = formatHostPort(address);
  const data = { address: where, purpose };
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    const message = `${where} is in use by another program; stop it or choose another address for ${purpose}`;
    return new ServiceError('FAILED_PRECONDITION', 'ADDRESS_IN_USE', { message, data, cause });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `${address.host} is not an address of this machine; choose another for ${purpose}`;
    return new ServiceError('FAILED_PRECONDITION', 'ADDRESS_NOT_AVAILABLE', { message, data, cause });
  }
  if (code === 'EACCES') {
    const message = `no permission to listen on ${where}; choose a port above 1023 for ${purpose}`;
    return new ServiceError('FAILED_PRECONDITION', 'PORT_NOT_PERMITTED', { message, data, cause });
  }
  const message = `cannot listen on ${where} for ${purpose}: ${cause.message}`;
  return new ServiceError('INTERNAL', 'LISTEN_FAILED', { message, data, cause });
}

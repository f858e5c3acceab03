import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { findSpiffeUri } from './certificate.ts';

/** What a connection's certificate says: nothing was proven, or a certificate with (or without) a usable URI. */
export interface ConnectionProof {
  certificate: boolean;
  uri: string | undefined;
  /** End of the certificate, milliseconds since the epoch; `Infinity` without one. */
  notAfterMs: number;
}

interface Session {
  close(): void;
}

const proofs = new WeakMap<object, ConnectionProof>();

/**
 * grpc-js parses the whole certificate anew for every call, a tenth of the cost of a small one; a connection never changes
 * its certificate, so it is asked once. The session is a private field of grpc-js: where it is missing, nothing is remembered.
 */
function sessionOf(call: ServerInterceptingCallInterface): Session | undefined {
  const { stream } = call as { stream?: { session?: Session | null } };
  return stream?.session ?? undefined;
}

function readProof(call: ServerInterceptingCallInterface): ConnectionProof {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (!certificate) return { certificate: false, uri: undefined, notAfterMs: Number.POSITIVE_INFINITY };
  // An authority signs, it never speaks: SPIFFE forbids taking one for a peer, and TLS alone would accept it.
  const uri = certificate.ca ? undefined : findSpiffeUri(certificate.subjectaltname);
  const notAfterMs = Date.parse(certificate.valid_to);
  return { certificate: true, uri, notAfterMs: Number.isNaN(notAfterMs) ? 0 : notAfterMs };
}

/** Who is at the other end. Only a certificate that verified against our trust bundle counts. */
export function proofOf(call: ServerInterceptingCallInterface): ConnectionProof {
  const session = sessionOf(call);
  const known = session && proofs.get(session);
  if (known) return known;
  const proof = readProof(call);
  if (session) proofs.set(session, proof);
  return proof;
}

/** Takes no more calls on this connection, so that its client makes another one and proves itself anew. Open calls go on. */
export function retireConnection(call: ServerInterceptingCallInterface): void {
  sessionOf(call)?.close();
}

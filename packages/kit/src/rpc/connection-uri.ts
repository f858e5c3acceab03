import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { findSpiffeUri } from './certificate.ts';

/** What a connection's certificate says: nothing was proven, or a certificate with (or without) a usable URI. */
export interface ConnectionProof {
  certificate: boolean;
  uri: string | undefined;
}

const proofs = new WeakMap<object, ConnectionProof>();

/**
 * grpc-js parses the whole certificate anew for every call, a tenth of the cost of a small one; a connection never changes
 * its certificate, so it is asked once. The session is a private field of grpc-js: where it is missing, nothing is remembered.
 */
function sessionOf(call: ServerInterceptingCallInterface): object | undefined {
  const { stream } = call as { stream?: { session?: object | null } };
  return stream?.session ?? undefined;
}

/** Who is at the other end. Only a certificate that verified against our trust bundle counts. */
export function proofOf(call: ServerInterceptingCallInterface): ConnectionProof {
  const session = sessionOf(call);
  const known = session && proofs.get(session);
  if (known) return known;
  const certificate = call.getAuthContext().sslPeerCertificate;
  const proof = { certificate: certificate !== undefined, uri: findSpiffeUri(certificate?.subjectaltname) };
  if (session) proofs.set(session, proof);
  return proof;
}

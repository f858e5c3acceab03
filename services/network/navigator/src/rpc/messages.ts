import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CertificateSchema,
  CertificateState as CertificateStateProto,
  type IssuedCertificateSchema,
  type JoinTokenSchema,
  JoinTokenState as JoinTokenStateProto,
  type TrustBundleSchema,
} from '@frameworks/contracts/frameworks/navigator/v1/certificate_authority_pb';
import { ServiceError } from '@frameworks/kit/errors';
import type { PublishedBundle } from '../authorities/trust-view.ts';
import type { CertificateState, ListedCertificate } from '../certificates/certificate.ts';
import type { Issued } from '../certificates/issuance.ts';
import { type JoinToken, type JoinTokenState, joinTokenAt } from '../join-tokens/join-token.ts';

const joinTokenStates = {
  active: JoinTokenStateProto.ACTIVE,
  exhausted: JoinTokenStateProto.EXHAUSTED,
  expired: JoinTokenStateProto.EXPIRED,
  revoked: JoinTokenStateProto.REVOKED,
} as const satisfies Record<JoinTokenState, JoinTokenStateProto>;

const certificateStates = {
  valid: CertificateStateProto.VALID,
  superseded: CertificateStateProto.SUPERSEDED,
  expired: CertificateStateProto.EXPIRED,
} as const satisfies Record<CertificateState, CertificateStateProto>;

export function toTrustBundleMessage(bundle: PublishedBundle): MessageInitShape<typeof TrustBundleSchema> {
  return {
    generation: BigInt(bundle.generation),
    trustDomain: bundle.trustDomain,
    rootsDer: bundle.roots.map((root) => root.der),
    intermediatesDer: bundle.intermediates.map((intermediate) => intermediate.der),
    createdUnixMs: BigInt(bundle.createdUnixMs),
  };
}

export function toIssuedMessage(issued: Issued): MessageInitShape<typeof IssuedCertificateSchema> {
  const { certificate } = issued;
  return {
    chainDer: [...issued.chainDer],
    bundle: toTrustBundleMessage(issued.bundle),
    spiffeId: certificate.spiffeId,
    serial: certificate.serial,
    notBeforeUnixMs: BigInt(certificate.notBeforeUnixMs),
    notAfterUnixMs: BigInt(certificate.notAfterUnixMs),
    ttlMs: BigInt(issued.ttlMs),
    renewAfterMs: BigInt(issued.renewAfterMs),
  };
}

export function toJoinTokenMessage(token: JoinToken, nowMs: number): MessageInitShape<typeof JoinTokenSchema> {
  return {
    id: token.id,
    spiffeId: token.spiffeId,
    state: joinTokenStates[joinTokenAt(token, nowMs).state],
    createdUnixMs: BigInt(token.createdUnixMs),
    expiresUnixMs: BigInt(token.expiresUnixMs),
    usedUnixMs: token.state === 'exhausted' ? BigInt(token.usedUnixMs) : 0n,
    createdBy: token.createdBy,
  };
}

export function toCertificateMessage(certificate: ListedCertificate): MessageInitShape<typeof CertificateSchema> {
  return {
    serial: certificate.serial,
    spiffeId: certificate.spiffeId,
    notBeforeUnixMs: BigInt(certificate.notBeforeUnixMs),
    notAfterUnixMs: BigInt(certificate.notAfterUnixMs),
    issuedUnixMs: BigInt(certificate.issuedUnixMs),
    state: certificateStates[certificate.state],
  };
}

/** Filter of a list; unspecified → undefined. Throws INVALID_ARGUMENT for a number that is no state. */
export function parseJoinTokenState(state: number): JoinTokenState | undefined {
  return parseState(joinTokenStates, state);
}

/** As `parseJoinTokenState`. */
export function parseCertificateState(state: number): CertificateState | undefined {
  return parseState(certificateStates, state);
}

function parseState<S extends string>(states: Record<S, number>, state: number): S | undefined {
  if (state === 0) return undefined;
  // `as`: Object.keys forgets the key type of a record.
  const found = (Object.keys(states) as S[]).find((name) => states[name] === state);
  if (found !== undefined) return found;
  throw new ServiceError('INVALID_ARGUMENT', 'INVALID_REQUEST', { message: `${state} is not a state` });
}

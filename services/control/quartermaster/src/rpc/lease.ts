/** A third of the lease: two renewals may fail before it lapses. */
export function toLease(leaseMs: number): { leaseTtlMs: bigint; renewAfterMs: bigint } {
  return { leaseTtlMs: BigInt(leaseMs), renewAfterMs: BigInt(Math.floor(leaseMs / 3)) };
}

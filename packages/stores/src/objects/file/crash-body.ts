/** A body that tells its sequence number and differs from all others in every line. */
export function crashBody(sequence: number): Uint8Array {
  return Buffer.from(`${sequence}\n`.repeat(20_000 + (sequence % 7) * 1000));
}

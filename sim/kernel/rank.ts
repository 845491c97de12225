/**
 * A rank decides between events of the same time by one comparison: (phase × 2^26 + sequence) × 2^24 + slot, a whole
 * number below 2^53, where the slot is the number under which the queue keeps what the event carries.
 */
export const SLOTS = 2 ** 24;
export const SEQUENCES = 2 ** 26;

/** Phases order events of one instant: every event of phase 0 runs before any of phase 1, and so on. */
export const MAX_PHASE = 7;

/** From here on a rank exceeds 2^31, so that the code is not first compiled for small integers, and then again. */
export const FIRST_SEQUENCE = 128;

/** The slot in the low 24 bits of a rank. */
export function slotOf(rank: number): number {
  return (rank - Math.floor(rank / SLOTS) * SLOTS) | 0;
}

/**
 * New ranks by slot for distinct ranks whose sequence numbers are used up: in the same order, with the same phases and
 * slots, the sequence numbers counting from `FIRST_SEQUENCE`. Slots are below `slotCount`.
 */
export function renumberedBySlot(ranks: readonly number[], slotCount: number): Float64Array {
  const renumbered = new Float64Array(slotCount);
  let sequence = FIRST_SEQUENCE;
  for (const rank of Float64Array.from(ranks).sort()) {
    const slot = slotOf(rank);
    const phase = Math.floor(rank / (SEQUENCES * SLOTS));
    renumbered[slot] = (phase * SEQUENCES + sequence++) * SLOTS + slot;
  }
  return renumbered;
}

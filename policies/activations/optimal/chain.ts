/** Layers of a chain, in order. */
export interface ChainLayer {
  /** Time of its forward. */
  readonly forward_s: number;
  /** Bytes of its input, which must be there before it runs. */
  readonly input_bytes: number;
  /** Bytes that its backward needs, its input aside. */
  readonly saved_bytes: number;
}

/** A schedule that runs a chain forward and backward in a memory. */
export interface ChainSchedule {
  /** Time of all forwards, repeated ones included. */
  readonly forward_s: number;
  /** How often each layer runs forward. */
  readonly runs: readonly number[];
  /** Most inputs, and most layers' saved tensors, held at once, the first layer's input aside. */
  readonly checkpoints: number;
  readonly whole_layers: number;
}

/** Where sizes have no unit in common they are rounded up to this part of the budget, which bounds the table. */
const PARTS = 400;
/** Most units of the smallest size that the table goes by. */
const UNITS = 1000;

/** The unit that sizes are counted in. */
function unitOf(layers: readonly ChainLayer[], budgetBytes: number): number {
  const sizes = layers.flatMap(({ input_bytes, saved_bytes }) => [input_bytes, saved_bytes]).filter((size) => size > 0);
  const least = Math.min(...sizes);
  const common = sizes.every((size) => Math.abs(size / least - Math.round(size / least)) < 1e-9);
  return common && budgetBytes / least <= UNITS ? least : budgetBytes / PARTS;
}

/**
 * The cheapest schedule by dynamic programming over intervals of the chain (Beaumont et al., "Optimal checkpointing for
 * heterogeneous chains", 2019, section 4.1): an interval whose input is there either runs its first layer keeping what
 * backward needs, or runs without keeping anything up to a layer whose input it stores, and comes back to the rest later.
 * @returns null where not even one layer's backward fits.
 */
export function chainSchedule(layers: readonly ChainLayer[], budgetBytes: number): ChainSchedule | null {
  const n = layers.length;
  const unit = unitOf(layers, budgetBytes);
  const room = Math.floor(budgetBytes / unit + 1e-9);
  const slots = (bytes: number): number => Math.ceil(bytes / unit - 1e-9);
  const inputs = layers.map(({ input_bytes }) => slots(input_bytes));
  const saved = layers.map(({ saved_bytes }) => slots(saved_bytes));
  const until = [0];
  for (const { forward_s } of layers) until.push(until.at(-1)! + forward_s);
  const width = room + 1;
  const at = (i: number, j: number, m: number): number => (i * (n + 1) + j) * width + m;
  const best = new Float64Array((n + 1) * (n + 1) * width).fill(Number.POSITIVE_INFINITY);
  /** 0 keeps the first layer whole; k stores the input of layer k. */
  const choice = new Int16Array(best.length);
  for (let length = 1; length <= n; length++) {
    for (let i = 0; i + length <= n; i++) {
      const j = i + length;
      for (let m = 0; m <= room; m++) {
        let least = Number.POSITIVE_INFINITY;
        let chosen = 0;
        if (m >= saved[i]!) {
          // The next layer's input is part of what this one keeps only if it is stored as well.
          const rest =
            length === 1
              ? 0
              : m >= saved[i]! + inputs[i + 1]!
                ? best[at(i + 1, j, m - saved[i]! - inputs[i + 1]!)]!
                : Number.POSITIVE_INFINITY;
          least = layers[i]!.forward_s + rest;
        }
        for (let k = i + 1; k < j; k++) {
          if (m < inputs[k]!) continue;
          const cost = until[k]! - until[i]! + best[at(k, j, m - inputs[k]!)]! + best[at(i, k, m)]!;
          if (cost < least) {
            least = cost;
            chosen = k;
          }
        }
        best[at(i, j, m)] = least;
        choice[at(i, j, m)] = chosen;
      }
    }
  }
  const forward_s = best[at(0, n, room)]!;
  if (forward_s === Number.POSITIVE_INFINITY) return null;
  const runs = new Array<number>(n).fill(0);
  const most = { checkpoints: 0, whole_layers: 0 };
  const walk = (i: number, j: number, m: number, checkpoints: number, whole: number): void => {
    if (j <= i) return;
    const k = choice[at(i, j, m)]!;
    if (k === 0) {
      runs[i]! += 1;
      most.whole_layers = Math.max(most.whole_layers, whole + 1);
      if (j > i + 1) walk(i + 1, j, m - saved[i]! - inputs[i + 1]!, checkpoints + 1, whole + 1);
      most.checkpoints = Math.max(most.checkpoints, checkpoints + (j > i + 1 ? 1 : 0));
      return;
    }
    for (let layer = i; layer < k; layer++) runs[layer]! += 1;
    most.checkpoints = Math.max(most.checkpoints, checkpoints + 1);
    walk(k, j, m - inputs[k]!, checkpoints + 1, whole);
    walk(i, k, m, checkpoints, whole);
  };
  walk(0, n, room, 0, 0);
  return { forward_s, runs, ...most };
}

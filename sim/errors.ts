/** What held a memory when something did not fit. */
export interface Holder {
  readonly what: string;
  readonly bytes: number;
}

/** The work cannot fit on this machine: where, by how much, when, and what holds the space. */
export class DoesNotFitError extends Error {
  readonly memory: string;
  readonly capacity_bytes: number;
  /** Bytes that would be held if it fitted. */
  readonly needed_bytes: number;
  readonly short_bytes: number;
  readonly at_s: number;
  readonly holders: readonly Holder[];

  /** @param what the subject of the message: what needs `neededBytes` in all, such as `weights and KV cache`. */
  constructor(
    memory: string,
    what: string,
    neededBytes: number,
    capacityBytes: number,
    atS: number,
    holders: readonly Holder[],
  ) {
    const short = neededBytes - capacityBytes;
    const when = atS > 0 ? ` at ${atS.toFixed(3)} s` : '';
    super(
      `memory "${memory}" has ${gib(capacityBytes)}, but ${what} need ${gib(neededBytes)}: ${gib(short)} are missing${when}`,
    );
    this.name = 'DoesNotFitError';
    this.memory = memory;
    this.capacity_bytes = capacityBytes;
    this.needed_bytes = neededBytes;
    this.short_bytes = short;
    this.at_s = atS;
    this.holders = holders;
  }
}

/** Nothing can go on: every task that is left waits for another. */
export class DeadlockError extends Error {
  readonly waiting: readonly string[];

  constructor(waiting: readonly string[], atS: number) {
    super(`nothing can proceed at ${atS.toFixed(6)} s; waiting: ${waiting.slice(0, 8).join('; ')}`);
    this.name = 'DeadlockError';
    this.waiting = waiting;
  }
}

/** The machine file lacks a fact that this work needs. */
export class MissingFactError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MissingFactError';
  }
}

/** The policy asked for something that the machine or the program does not have. */
export class PolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PolicyError';
  }
}

/** Small memories are counted to the byte. */
function gib(bytes: number): string {
  if (bytes < 2 ** 24) return `${bytes} bytes`;
  const [value, unit] =
    bytes >= 2 ** 30
      ? [bytes / 2 ** 30, 'GiB']
      : bytes >= 2 ** 20
        ? [bytes / 2 ** 20, 'MiB']
        : [bytes / 2 ** 10, 'KiB'];
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

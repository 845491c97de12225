/** What held a memory when something did not fit. */
export interface Holder {
  readonly what: string;
  readonly bytes: number;
}

/** The work cannot fit on this machine: what did not fit, where, by how much, when, and what held the space. */
export class DoesNotFitError extends Error {
  readonly memory: string;
  readonly capacity_bytes: number;
  readonly needed_bytes: number;
  readonly short_bytes: number;
  readonly at_s: number;
  readonly holders: readonly Holder[];

  constructor(
    memory: string,
    what: string,
    wantedBytes: number,
    usedBytes: number,
    capacityBytes: number,
    atS: number,
    holders: readonly Holder[],
  ) {
    const short = usedBytes + wantedBytes - capacityBytes;
    super(
      `${what} does not fit in "${memory}": it needs ${gib(wantedBytes)}, ${gib(usedBytes)} of ${gib(capacityBytes)} are taken, ` +
        `${gib(short)} are missing${atS > 0 ? ` at ${atS.toFixed(3)} s` : ''}`,
    );
    this.name = 'DoesNotFitError';
    this.memory = memory;
    this.capacity_bytes = capacityBytes;
    this.needed_bytes = usedBytes + wantedBytes;
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
  return bytes < 2 ** 24 ? `${bytes} bytes` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

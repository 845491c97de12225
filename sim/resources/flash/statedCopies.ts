import type { Rng } from '../../kernel/random.ts';
import type { StatedAllocation } from './allocation.ts';
import type { FlashArray } from './array.ts';
import type { FlashDevice } from './device.ts';
import { KIND, NO_OP, OP } from './pool.ts';

/**
 * A drive in its steady state whose write amplification is stated: for every page written so many others are copied, and
 * for every blockful programmed a block is erased.
 */
export class StatedCopies {
  private readonly array: FlashArray;
  private readonly device: FlashDevice;
  private readonly allocation: StatedAllocation;
  private readonly rng: Rng;
  private copyDebt = 0;
  private eraseDebt = 0;

  constructor(array: FlashArray, device: FlashDevice, allocation: StatedAllocation, rng: Rng) {
    this.array = array;
    this.device = device;
    this.allocation = allocation;
    this.rng = rng;
  }

  /** A page of the host's is programmed. */
  programmed(): void {
    this.copied();
    this.copyDebt += this.device.write_amplification! - 1;
    for (; this.copyDebt >= 1; this.copyDebt -= 1) this.copy();
  }

  /** A copy is programmed. */
  copied(): void {
    this.eraseDebt += this.device.page_bytes / this.device.block_bytes;
    if (this.eraseDebt >= 1) this.erase();
  }

  /** A valid page leaves a block that is to be erased. */
  private copy(): void {
    const { ops } = this.array;
    const { from, to } = this.allocation.copy(this.rng);
    const program = ops.take(KIND.copyProgram, NO_OP);
    ops.words[program + OP.bytes] = this.device.page_bytes;
    this.array.locate(program, to);
    const read = ops.take(KIND.copyRead, NO_OP);
    ops.words[read + OP.bytes] = this.device.page_bytes;
    ops.words[read + OP.follow] = program;
    this.array.locate(read, from);
    this.array.submit(read);
  }

  private erase(): void {
    this.eraseDebt -= 1;
    const { ops } = this.array;
    const op = ops.take(KIND.erase, NO_OP);
    ops.words[op + OP.bytes] = 0;
    this.array.locate(op, this.array.programmedPages);
    this.array.submit(op);
  }
}

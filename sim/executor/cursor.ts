import type { OpCursor, OpView } from '../types/policy.ts';
import type { Op, Program } from '../types/program.ts';

/** Walks a program op by op with a window of neighbours, materialising only the window. */
export class ProgramCursor implements OpCursor {
  private readonly views: Iterator<OpView>;
  private readonly behind: number;
  private readonly ahead: number;
  /** Ring: one place behind, the current one, and the look-ahead. */
  private readonly window: (OpView | null)[] = [];
  private position = 0;
  index = -1;

  constructor(program: Program, lookahead: number) {
    this.views = viewsOf(program);
    this.behind = 1;
    this.ahead = lookahead;
    for (let i = 0; i < this.behind + 1; i++) this.window.push(null);
    for (let i = 0; i < lookahead; i++) this.window.push(this.take());
    // The window starts one op before the first.
    this.position = 0;
  }

  private take(): OpView | null {
    const next = this.views.next();
    return next.done === true ? null : next.value;
  }

  /** Steps to the next op; false after the last. */
  next(): boolean {
    this.window[this.position] = this.take();
    this.position = (this.position + 1) % this.window.length;
    this.index += 1;
    return this.at(0) !== null;
  }

  at(offset: number): OpView | null {
    if (offset < -this.behind || offset > this.ahead) throw new RangeError(`offset ${offset} is outside the window`);
    return this.window[(this.position + this.behind + offset) % this.window.length]!;
  }

  get op(): Op {
    return this.at(0)!.op;
  }

  get layer(): number {
    return this.at(0)!.layer;
  }
}

/** Every op of the program with its layer, repetitions unrolled lazily. */
export function* viewsOf(program: Program): Generator<OpView> {
  for (const segment of program.segments()) {
    for (let r = 0; r < segment.repeat; r++) {
      const shift = r * segment.layer_stride;
      for (const op of segment.ops) yield { op, layer: op.layer + shift };
    }
  }
}

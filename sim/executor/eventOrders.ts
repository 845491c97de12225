import type { Engine } from './engine.ts';
import { type EventOrder, OrderLog } from './eventOrder.ts';
import { TASK, TASK_WORDS, type Tape } from './tape.ts';

/** Words of orders kept; past this all are dropped. */
const MOST_WORDS = 2 ** 24;

/** Shapes of one size kept: the last ones met. */
const SHAPES = 4;

/**
 * After so many tapes in a row that came in no known order (each its own), only one in `SPARSELY` is written down: what
 * changes its order with every token costs no record.
 */
const FRUITLESS = 16;
const SPARSELY = 16;

/** Orders by the size of their tape, and tapes in a row that none carried out. */
interface Known {
  readonly orders: EventOrder[];
  fruitless: number;
}

/** Carries out tapes in the order of earlier ones where that is their order too, and on the engine otherwise. */
export class EventOrders {
  private readonly bySize = new Map<string, Known>();
  private size = 0;

  /** The same as `engine.run(tape)`, with nothing under way before it. */
  run(engine: Engine, tape: Tape): void {
    // Delays alone cost the engine no more than comparing them would.
    if (tape.transfers === 0) {
      engine.run(tape);
      return;
    }
    const key = `${tape.tasks}/${tape.edges}`;
    let known = this.bySize.get(key);
    if (known === undefined) {
      known = { orders: [], fruitless: 0 };
      this.bySize.set(key, known);
    }
    const { orders } = known;
    const tried = known.fruitless < FRUITLESS || known.fruitless % SPARSELY === 0;
    const at = tried ? orders.findIndex((order) => order.suits(tape)) : -1;
    if (at >= 0 && engine.runInOrder(tape, orders[at]!)) {
      known.fruitless = 0;
      return;
    }
    known.fruitless += 1;
    if (!tried || becomesDirty(tape)) {
      engine.run(tape);
      return;
    }
    const log = new OrderLog(tape);
    engine.run(tape, log);
    if (engine.blocked) return;
    const dropped = at >= 0 ? at : orders.length === SHAPES ? SHAPES - 1 : -1;
    if (dropped >= 0) this.size -= orders.splice(dropped, 1)[0]!.size;
    const order = log.finish(tape);
    this.size += order.size;
    if (this.size > MOST_WORDS) {
      this.bySize.clear();
      this.size = 0;
      return;
    }
    orders.unshift(order);
  }
}

/** Whether the tape leaves dirty pages: their write-back goes on beside what follows. */
function becomesDirty({ tasks, words }: Tape): boolean {
  for (let task = 0; task < tasks; task++) if (words[task * TASK_WORDS + TASK.dirtyBytes]! > 0) return true;
  return false;
}

import { type CollectiveCost, Collectives, tensorLayout } from '../../sim/resources/collectives.ts';
import type { Actions, Op, Task } from '../../sim/types/index.ts';
import type { PlacementContext } from './placement.ts';
import { unitOn } from './units.ts';

/** What devices that share each op exchange after it, on the link between them; kernels wait for it. */
export class Exchange {
  readonly #collectives: Collectives | null;
  readonly #unit: string;
  readonly #launchS: number;
  /** By bytes: a program exchanges few sizes, each of them in every layer and step. */
  readonly #known = {
    'all-reduce': new Map<number, CollectiveCost>(),
    'all-gather': new Map<number, CollectiveCost>(),
  };

  /** @throws MissingFactError where the machine has too few devices, or no link between them. */
  constructor({ machine, program }: PlacementContext, memory: string) {
    const { devices = 1 } = program;
    const unit = unitOn(machine, memory);
    this.#collectives = devices > 1 ? new Collectives(machine, tensorLayout(devices)) : null;
    this.#unit = unit.id;
    this.#launchS = unit.launch_s;
  }

  after(actions: Actions, { collective }: Op, computed: Task): Task {
    if (this.#collectives === null || collective === undefined) return computed;
    const { kind, bytes } = collective;
    let cost = this.#known[kind].get(bytes);
    if (cost === undefined) {
      cost = this.#collectives.cost({ kind, bytes, group: 'tensor' });
      this.#known[kind].set(bytes, cost);
    }
    const { seconds, link, sent_bytes } = cost;
    return actions.collective(this.#unit, link, seconds, sent_bytes, computed, this.#launchS);
  }
}

import { Collectives, tensorLayout } from '../../sim/resources/collectives.ts';
import type { Actions, Op, Task } from '../../sim/types/index.ts';
import type { PlacementContext } from './placement.ts';
import { unitOn } from './units.ts';

/** What devices that share each op exchange after it, on the link between them; kernels wait for it. */
export class Exchange {
  readonly #collectives: Collectives | null;
  readonly #unit: string;
  readonly #launchS: number;

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
    const { seconds, link, sent_bytes } = this.#collectives.cost({ ...collective, group: 'tensor' });
    return actions.collective(this.#unit, link, seconds, sent_bytes, computed, this.#launchS);
  }
}

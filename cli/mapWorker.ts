import { parentPort, workerData } from 'node:worker_threads';
import type { ItemPlan } from '../policies/planner/mapping/greedy.ts';
import type { MapBuffer } from '../policies/planner/mapping/problem.ts';
import { Mapper, type MapStage, type SolveOptions } from '../policies/planner/mapping/solve.ts';

export interface MapWorkerData {
  readonly buffers: readonly MapBuffer[];
  readonly settings: SolveOptions;
}

/** A lower plan, a higher bound, or that nothing is left to find out. */
export interface MapNews {
  readonly plan: ItemPlan | null;
  readonly lower_bound_bytes: number;
  readonly nodes: number;
  readonly stage: MapStage;
  readonly done: boolean;
}

const { buffers, settings } = workerData as MapWorkerData;
const mapper = new Mapper(buffers, settings);
parentPort?.on('message', ({ plan, lower_bound_bytes }: MapNews) => mapper.learn(plan, lower_bound_bytes));

let told = '';
function work(): void {
  const until = performance.now() + 20;
  while (!mapper.done && performance.now() < until) mapper.step();
  const plan = mapper.bestPlan;
  const { lower_bound_bytes, stage } = mapper;
  const state = `${plan?.height} ${lower_bound_bytes} ${stage} ${mapper.done}`;
  if (state !== told) {
    told = state;
    const news: MapNews = { plan, lower_bound_bytes, nodes: mapper.nodes, stage, done: mapper.done };
    parentPort?.postMessage(news);
  }
  // A turn of the event loop, so that news of others is heard.
  if (!mapper.done) setImmediate(work);
}
work();

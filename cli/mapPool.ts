import { Worker } from 'node:worker_threads';
import type { MapBuffer } from '../policies/planner/mapping/problem.ts';
import type { MapPlan, Mapper, SolveOptions } from '../policies/planner/mapping/solve.ts';
import type { MapNews, MapWorkerData } from './mapWorker.ts';

export interface MapPoolOptions {
  readonly workers: number;
  readonly limit_s: number;
  readonly signal: AbortSignal;
}

/**
 * Searches on threads with different seeds that tell each other of lower plans and higher bounds.
 * @param board what is known; it learns from all of them
 */
export async function searchInPool(
  board: Mapper,
  buffers: readonly MapBuffer[],
  settings: SolveOptions,
  options: MapPoolOptions,
): Promise<MapPlan> {
  let nodes = 0;
  let settled = false;
  let { stage } = board;
  const team = Array.from({ length: options.workers }, (_, n) => {
    const workerData: MapWorkerData = { buffers, settings: { ...settings, seed: (settings.seed ?? 0) + n } };
    return new Worker(new URL('./mapWorker.js', import.meta.url), { workerData });
  });
  const spent = team.map(() => 0);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, options.limit_s * 1000);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      options.signal.addEventListener('abort', end, { once: true });
      if (options.signal.aborted) end();
      team.forEach((worker, n) => {
        worker.once('error', reject);
        worker.on('message', (news: MapNews) => {
          board.learn(news.plan, news.lower_bound_bytes);
          spent[n] = news.nodes;
          stage = news.stage;
          settled ||= news.done || board.settled;
          if (settled) end();
          else for (const [m, other] of team.entries()) if (m !== n) other.postMessage(news);
        });
      });
    });
  } finally {
    await Promise.all(team.map((worker) => worker.terminate()));
  }
  nodes = spent.reduce((sum, count) => sum + count, 0);
  return { ...board.plan(), stage, nodes };
}

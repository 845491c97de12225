import { Worker } from 'node:worker_threads';
import type { PlannedPoint, SweepRow } from '../studies/sweep.ts';
import type { SweepJob, SweepReply, SweepWorkerData } from './sweepWorker.ts';

export interface PoolOptions {
  readonly workers: number;
  readonly studyFile: string;
  readonly onRow: (row: SweepRow) => void;
  /** Stops handing out points; those under way are finished. */
  readonly signal: AbortSignal;
}

/**
 * Simulates the points on worker threads that share nothing. Rows come in any order.
 * @throws the first error that is not an outcome, after all workers have stopped.
 */
export async function runInPool(points: readonly PlannedPoint[], options: PoolOptions): Promise<void> {
  const queue = points.values();
  const workerData: SweepWorkerData = { studyFile: options.studyFile };
  const serve = async (): Promise<void> => {
    const worker = new Worker(new URL('./sweepWorker.js', import.meta.url), { workerData });
    try {
      for (const { hash, resolved } of queue) {
        if (options.signal.aborted) return;
        const reply = await ask(worker, { hash, resolved });
        if ('error' in reply) throw reply.error;
        options.onRow(reply.row);
      }
    } finally {
      await worker.terminate();
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(options.workers, points.length) }, serve));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

function ask(worker: Worker, job: SweepJob): Promise<SweepReply> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      end();
    };
    const onMessage = (reply: SweepReply): void => settle(() => resolve(reply));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => settle(() => reject(new Error(`a worker ended with code ${code}`)));
    worker.once('message', onMessage).once('error', onError).once('exit', onExit);
    worker.postMessage(job);
  });
}

/** Training in process: CPU seconds of a step of 175B, of every vTrain row, and of a long recorded step. `node out/bench/bench/training.js` */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { loadMachine } from '../hardware/load.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { loadTraining } from '../policies/training.ts';
import type { EvictionOrder } from '../sim/training/dtr/heuristics.ts';
import { replayDtr } from '../sim/training/dtr/runtime.ts';
import { simulateTraining } from '../sim/training/index.ts';
import type { Machine, TensorTrace, TraceEvent } from '../sim/types/index.ts';
import { readModel } from '../workloads/models/load.ts';
import { trainProgram, trainSchema } from '../workloads/train/index.ts';

function step(machine: Machine, fields: object, policy: { activations: { kind: string } }): number | undefined {
  const parsed = v.parse(trainSchema, { kind: 'train', ...fields });
  const program = trainProgram(parsed, readModel(parsed.model));
  const { training, activations, optimizer } = loadTraining(policy, machine, program.training!);
  return simulateTraining(machine, { ...program, training }, activations, optimizer).metrics['time.step_s'];
}

/** CPU seconds of one call. */
function cpu(run: () => unknown): number {
  const from = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const selene = loadMachine('selene');
const gpt175 = { model: 'gpt-175b', seq: 2048, batch: 64, microbatch: 1, tensor_parallel: 8, pipeline_parallel: 8 };
const first = cpu(() => step(selene, gpt175, { activations: { kind: 'full' } }));
const again = Array.from({ length: 9 }, () => cpu(() => step(selene, gpt175, { activations: { kind: 'full' } })));

const rowsOf = (name: string): Record<string, number>[] => {
  const text = readFileSync(join(packageFolder(), 'studies', 'vtrain', `${name}.csv`), 'utf8');
  const [head, ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return lines.map((cells) => Object.fromEntries(cells.map((cell, i) => [head![i]!, Number(cell)])));
};
const cluster = loadMachine('a100-800g');
const vtrain = (name: string, kind: string): void => {
  for (const { hidden, heads, layers, id, step_s, use, ...sizes } of rowsOf(name)) {
    const shape = { hidden, heads, layers, vocab: 50257 };
    step(cluster, { model: 'gpt-22b', measured_as: 'requirement', shape, ...sizes }, { activations: { kind } });
  }
};
const rows = cpu(() => {
  vtrain('single-node', 'keep');
  vtrain('multi-node', 'full');
});

/** A chain of n forward ops and their backward, each with an alias: as many events as a DenseNet's log, in the share of its peak that 4 GB are of 11. */
function chain(n: number): TensorTrace {
  const events: TraceEvent[] = [{ kind: 'constant', tensor: 0, bytes: 1e6 }];
  const call = (name: string, inputs: readonly number[], tensor: number) =>
    events.push({ kind: 'call', name, cost_ns: 1e5, inputs, outputs: [{ tensor, bytes: 1e6, alias_of: -1 }] });
  for (let i = 1; i <= n; i++) call('forward', [i - 1], i);
  for (let i = n; i >= 1; i--) {
    const after = i === n ? [] : [n + (n - i)];
    call('backward', [i, ...after], n + (n - i) + 1);
    for (const tensor of [...after, i]) events.push({ kind: 'release', tensor });
  }
  return { tensors: 2 * n + 1, events };
}
const trace = chain(4250);
/** Seconds the first time, compiling included, and then. */
const replay = (order: EvictionOrder): string => {
  const times = Array.from({ length: 4 }, () =>
    cpu(() => replayDtr(trace, { memory: 'gpu', budget_bytes: 0.36 * 4250e6, order })),
  );
  return `${times[0]!.toFixed(2)} s, then ${median(times.slice(1)).toFixed(2)} s`;
};

console.log(
  `a step of GPT-175B on 64 GPUs     ${(first * 1e3).toFixed(0)} ms the first time, ${(median(again) * 1e3).toFixed(0)} ms then  (target 100 ms)`,
);
console.log(`all 1,549 rows of vTrain          ${rows.toFixed(2)} s  (target 5 s)`);
console.log(
  `a recorded step of ${trace.events.length} events  ${replay('union-find')} by union-find; ${replay('exact')} exactly  (targets 0.3 and 1 s)`,
);
console.log(
  `peak memory                       ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB  (target 300 MB)`,
);

/**
 * Times the KV engine in process: counts with a budget per layer, and identities of the attention process. Prints seconds beside the targets.
 *
 *   npx tsc -p bench --noCheck && node out/bench/bench/kv.js
 */
import { readMachineData } from '../hardware/load.ts';
import { parseMachine } from '../hardware/machine.ts';
import { loadPlacement, precisionOf, resolvePreset } from '../policies/index.ts';
import { chooserOf, retention } from '../policies/kv/identities.ts';
import { kvMaker } from '../policies/kv/maker.ts';
import { readPreset } from '../policies/presets/load.ts';
import { simulate } from '../sim/executor/index.ts';
import { randomStreams } from '../sim/kernel/random.ts';
import { AttentionProcess, PUBLISHED_FIT } from '../workloads/attention/process.ts';
import { generateFields } from '../workloads/generate/schema.ts';
import { buildProgram } from '../workloads/index.ts';
import { readModel } from '../workloads/models/load.ts';

const spec = (preset: string) => resolvePreset(readPreset(preset), { preset }, () => undefined, readPreset);

async function counts(): Promise<void> {
  const machine = parseMachine(readMachineData('h200').source);
  const precision = { ...precisionOf(undefined), weight_bits: 4 };
  const workload = generateFields({
    model: 'llama3-70b',
    prompt: 131072,
    output: 513,
    batch: 1,
    attention_kernel: 'flash',
  });
  const program = buildProgram(workload, precision, readModel, kvMaker(spec('pyramidkv')));
  simulate(machine, program, await loadPlacement(undefined, { machine, program, precision }));
}

function identities(): void {
  const tokens = 32768;
  const { fields } = spec('h2o');
  const chooser = chooserOf(fields, 0.2 * tokens, tokens)!;
  const random = randomStreams(1);
  for (let layer = 0; layer < 32; layer++) {
    for (let group = 0; group < 8; group++) {
      const source = new AttentionProcess(tokens, PUBLISHED_FIT, random.stream(`${layer}/${group}`));
      retention(chooser, source, 64);
    }
  }
}

const MEASURED: readonly (readonly [string, number, () => void | Promise<void>])[] = [
  ['counts: 128K x 80 layers x 512 decode steps, budgets per layer', 2, counts],
  ['identities: 32K x 32 layers x 8 head groups x 64 steps', 5, identities],
];
for (const [name, target, run] of MEASURED) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${((user + system) / 1e6).toFixed(2).padStart(6)} s of CPU, target ${target} s  ${name}`);
}

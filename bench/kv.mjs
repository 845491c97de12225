/**
 * Times the KV engine in process, on the built program: counts with a budget per layer, and identities of the attention
 * process. Prints seconds beside the targets.
 *
 *   npm run build && node bench/kv.mjs
 */

import { readMachineData } from '../dist/hardware/load.js';
import { parseMachine } from '../dist/hardware/machine.js';
import { kvMaker, loadPlacement, precisionOf, resolvePreset } from '../dist/policies/index.js';
import { chooserOf, retention } from '../dist/policies/kv/identities.js';
import { readPreset } from '../dist/policies/presets/load.js';
import { simulate } from '../dist/sim/executor/index.js';
import { randomStreams } from '../dist/sim/kernel/random.js';
import { AttentionProcess, PUBLISHED_FIT } from '../dist/workloads/attention/process.js';
import { buildProgram } from '../dist/workloads/index.js';
import { readModel } from '../dist/workloads/models/load.js';

const spec = (preset) => resolvePreset(readPreset(preset), { preset }, () => undefined, readPreset);

async function counts() {
  const machine = parseMachine(readMachineData('h200').source);
  const precision = { ...precisionOf(undefined), weight_bits: 4 };
  const workload = {
    kind: 'generate',
    model: 'llama3-70b',
    prompt: 131072,
    output: 513,
    batch: 1,
    batches: 1,
    tensor_parallel: 1,
    pipeline_parallel: 1,
    attention_kernel: 'flash',
    activation_sparsity: 0,
    measured_as: 'full',
  };
  const program = buildProgram(workload, precision, readModel, kvMaker(spec('pyramidkv')));
  simulate(machine, program, await loadPlacement(undefined, { machine, program, precision }));
}

function identities() {
  const tokens = 32768;
  const { fields } = spec('h2o');
  const chooser = chooserOf(fields, 0.2 * tokens, tokens);
  const random = randomStreams(1);
  for (let layer = 0; layer < 32; layer++) {
    for (let group = 0; group < 8; group++) {
      const source = new AttentionProcess(tokens, PUBLISHED_FIT, random.stream(`${layer}/${group}`));
      retention(chooser, source, 64);
    }
  }
}

for (const [name, target, run] of [
  ['counts: 128K x 80 layers x 512 decode steps, budgets per layer', 2, counts],
  ['identities: 32K x 32 layers x 8 head groups x 64 steps', 5, identities],
]) {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${((user + system) / 1e6).toFixed(2).padStart(6)} s of CPU, target ${target} s  ${name}`);
}

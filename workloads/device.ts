import type { Machine, RunResult } from '../sim/types/index.ts';
import { runAccess } from './access/index.ts';
import { runAttention } from './attention/index.ts';
import { runCopy } from './copy/index.ts';
import { runIo } from './io/index.ts';
import { runMixer } from './mixers/index.ts';
import type { DeviceWorkload } from './schema.ts';
import { runSearch } from './search/index.ts';
import { runStream } from './stream/index.ts';

/**
 * Runs a device workload on a machine.
 * @throws MissingFactError when the machine lacks the device or what the workload needs of it.
 */
export function runDevice(workload: DeviceWorkload, machine: Machine, seed: number): RunResult {
  switch (workload.kind) {
    case 'io':
      return runIo(workload, machine, seed);
    case 'copy':
      return runCopy(workload, machine);
    case 'stream':
      return runStream(workload, machine);
    case 'access':
      return runAccess(workload, machine, seed);
    case 'attention':
      return runAttention(workload, machine);
    case 'mixer':
      return runMixer(workload, machine);
    case 'search':
      return runSearch(workload, machine, seed);
  }
}

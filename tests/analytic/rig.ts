import { simulate } from '../../sim/executor/index.ts';
import type {
  Actions,
  ComputeUnit,
  Kernel,
  Link,
  Machine,
  Memory,
  Op,
  OpCursor,
  Placement,
  Plan,
  Program,
  RunResult,
} from '../../sim/types/index.ts';

/** A machine of round numbers and scripts that stand for policies, so that every result can be worked out by hand. */

export const memory = (id: string, more: Partial<Memory> = {}): Memory => ({
  id,
  capacity_bytes: 1e12,
  reserved_bytes: 0,
  read_bytes_per_s: 1e12,
  write_bytes_per_s: 1e12,
  read_share_curve: [],
  latency_s: 0,
  granularity_bytes: 1,
  ...more,
});

/** PCIe of 10 GB/s each way, no setup. */
export const pcie = (more: Partial<Link> = {}): Link => ({
  id: 'pcie',
  from: 'cpu',
  to: 'gpu',
  forward: { name: 'h2d', bytes_per_s: 10e9, setup_s: 0, transfer_times: [] },
  backward: { name: 'd2h', bytes_per_s: 10e9, setup_s: 0, transfer_times: [] },
  copy_engines: 8,
  ...more,
});

/** 1 TFLOP/s beside a memory of 1 TB/s. */
export const gpu = (more: Partial<ComputeUnit> = {}): ComputeUnit => ({
  id: 'gpu',
  memory: 'gpu',
  peak_flop_per_s: { fp16: 1e12 },
  efficiency: {},
  memory_efficiency: [],
  launch_s: 0,
  roofline_exponent: Number.POSITIVE_INFINITY,
  ...more,
});

export const machine = (more: Partial<Machine> = {}): Machine => ({
  id: 'rig',
  title: 'A machine of round numbers',
  memories: [memory('gpu'), memory('cpu'), memory('disk')],
  links: [pcie(), nvme()],
  compute: [gpu()],
  host: {
    memory: 'cpu',
    relay_bytes_per_s: 5e9,
    convert_elements_per_s: 1e9,
    store_stream_bytes_per_s: 1e9,
    step_s: 0,
  },
  roles: { fast: 'gpu', host: 'cpu', storage: 'disk' },
  ...more,
});

export const nvme = (more: Partial<Link> = {}): Link => ({
  id: 'nvme',
  from: 'disk',
  to: 'cpu',
  forward: { name: 'read', bytes_per_s: 2e9, setup_s: 0, transfer_times: [] },
  backward: { name: 'write', bytes_per_s: 1e9, setup_s: 0, transfer_times: [] },
  copy_engines: 8,
  ...more,
});

export const kernel = (flops: number, bytes: number, more: Partial<Kernel> = {}): Kernel => ({
  name: 'kernel',
  part: 'other',
  dtype: 'fp16',
  flops,
  operand_bytes: bytes,
  activation_bytes: 0,
  launches: 1,
  ...more,
});

/** A program of `steps` ops that a script fills with actions. */
export function program(steps = 1): Program {
  const op = (step: number): Op => ({
    name: 'layer',
    phase: 'prefill',
    step,
    layer: 0,
    batch: 0,
    kernels: [],
    state: null,
    input_bytes: 0,
    output_bytes: 0,
    scratch_bytes: 0,
  });
  return {
    kind: 'graph',
    tensors: [],
    layers: [{ name: 'layer', weights: [], state: [] }],
    batches: 1,
    produced: { tokens: 0, decode_tokens: 0, requests: 0 },
    measurement: { kind: 'full' },
    summary: {
      batch: 1,
      batches: 1,
      prompt_tokens: 0,
      output_tokens: 0,
      flops: {},
      passes: {},
      pass_weight_bytes: {},
      weight_bytes: 0,
      kv_bytes: 0,
      kv_read_bytes: 0,
      kv_write_bytes: 0,
      hidden_bytes: 0,
    },
    *segments() {
      for (let step = 0; step < steps; step++) yield { repeat: 1, layer_stride: 0, ops: [op(step)] };
    },
  };
}

export type Script = (actions: Actions, step: number, cursor: OpCursor) => void;

export const scripted = (script: Script, plan: Partial<Plan> = {}): Placement => ({
  kind: 'scripted',
  lookahead: 1,
  plan: () => ({ held: [], files: [], workers: [], page_cache: true, warnings: [], ...plan }),
  onOp: (cursor, actions) => script(actions, cursor.op.step, cursor),
});

/** Runs a script on a machine and gives the result. */
export function runScript(
  script: Script,
  options: { on?: Machine; steps?: number; plan?: Partial<Plan>; stepped?: boolean; timeline?: boolean } = {},
): RunResult {
  const { on = machine(), steps = 1, plan = {}, ...rest } = options;
  return simulate(on, program(steps), scripted(script, plan), rest);
}

/** Total time in milliseconds. */
export const milliseconds = (result: RunResult): number => result.metrics['time.total_s']! * 1e3;

/** A pinned transfer in no queue. */
export const transfer = (from: string, to: string, bytes: number) =>
  ({
    from,
    to,
    bytes,
    stream: 'weight_read',
    host_memory: 'pinned',
    queue: null,
    workers: null,
    limit_bytes_per_s: Number.POSITIVE_INFINITY,
    after: -1,
  }) as const;

import type { LedgerReading } from '../ledger.ts';
import { type MemoryAccount, TENSOR_KINDS } from '../resources/memoryAccount.ts';
import type { Machine } from '../types/machine.ts';
import { STREAMS } from '../types/policy.ts';
import type { Program } from '../types/program.ts';
import type { Phase } from '../types/units.ts';
import type { Bound } from './bound.ts';

/** What the executor measured. */
export interface Measured {
  readonly machine: Machine;
  readonly program: Pick<Program, 'produced' | 'devices'>;
  /** Seconds per phase, in order; none where actions were measured by themselves. */
  readonly phases: ReadonlyMap<Phase, number>;
  readonly reading: LedgerReading;
  readonly accounts: readonly MemoryAccount[];
  readonly bound: Bound | null;
  readonly events: number;
  readonly cache: {
    readonly memory: string;
    readonly hit_bytes: number;
    readonly miss_bytes: number;
    readonly peak_bytes: number;
  } | null;
  /** Simulated time in all, before any projection. */
  readonly simulated_ns: number;
  readonly choices: Readonly<Record<string, number>>;
}

type MutableMetrics = Record<string, number>;

/** The flat metrics of a run, under the names of docs/metrics.md, and warnings about what no source supports. */
export function metricsOf(run: Measured): { metrics: MutableMetrics; warnings: string[] } {
  const metrics: MutableMetrics = {};
  const warnings: string[] = [];
  const totalS =
    run.phases.size === 0
      ? run.simulated_ns / 1e9
      : [...run.phases.values()].reduce((sum, seconds) => sum + seconds, 0);
  metrics['time.total_s'] = totalS;
  for (const [phase, seconds] of run.phases) metrics[`time.${phase}_s`] = seconds;
  for (const phase of run.phases.keys()) {
    for (const stream of STREAMS) {
      // A stream that was never busy is a measured zero, not an unknown.
      metrics[`time.${phase}.${stream}_s`] = (run.reading.busy_ns.get(`time.${phase}.${stream}`) ?? 0) / 1e9;
    }
  }
  for (const [phase, seconds] of run.phases) {
    if (seconds > 0) metrics[`busy.${phase}.kv_read.fraction`] = metrics[`time.${phase}.kv_read_s`]! / seconds;
  }
  throughput(metrics, run, totalS);
  memory(metrics, run);
  traffic(metrics, run);
  busy(metrics, run);
  compute(metrics, run, totalS);
  energyAndCost(metrics, warnings, run, totalS);
  if (run.bound !== null) {
    metrics['bound.time_s'] = run.bound.time_s;
    if (run.bound.time_s > 0) metrics['bound.gap'] = totalS / run.bound.time_s;
  }
  for (const [name, value] of Object.entries(run.choices)) metrics[`choice.${name}`] = value;
  metrics['sim.events'] = run.events;
  return { metrics, warnings };
}

function throughput(metrics: MutableMetrics, { program, phases }: Measured, totalS: number): void {
  const { tokens, decode_tokens, requests, samples = 0 } = program.produced;
  const { devices = 1 } = program;
  const decodeS = phases.get('decode') ?? 0;
  if (tokens > 0 && totalS > 0) metrics['throughput.tokens_per_s'] = tokens / totalS;
  if (tokens > 0 && totalS > 0 && devices > 1)
    metrics['throughput.tokens_per_s_per_device'] = tokens / totalS / devices;
  if (decode_tokens > 0 && decodeS > 0) metrics['throughput.decode_tokens_per_s'] = decode_tokens / decodeS;
  if (requests > 0 && totalS > 0) metrics['throughput.requests_per_s'] = requests / totalS;
  if (samples > 0 && totalS > 0) metrics['throughput.samples_per_s'] = samples / totalS;
  if (samples > 0) metrics['time.step_s'] = totalS;
}

function memory(metrics: MutableMetrics, run: Measured): void {
  for (const account of run.accounts) {
    if (account.peak === 0) continue;
    metrics[`memory.${account.id}.peak_bytes`] = account.peak;
    if (run.phases.size > 1) {
      for (const [phase, peak] of account.phasePeaks) metrics[`memory.${account.id}.${phase}_peak_bytes`] = peak;
    }
    if (run.simulated_ns > 0) metrics[`memory.${account.id}.mean_bytes`] = account.integral / run.simulated_ns;
    TENSOR_KINDS.forEach((kind, i) => {
      const peak = account.peakByKind[i]!;
      if (peak > 0) metrics[`memory.${account.id}.${kind}.peak_bytes`] = peak;
      const end = account.usedByKind[i]!;
      if (kind === 'kv' && end > 0) metrics[`memory.${account.id}.kv.end_bytes`] = end;
    });
  }
  if (run.cache !== null && run.cache.hit_bytes + run.cache.miss_bytes > 0) {
    metrics['memory.page_cache.peak_bytes'] = run.cache.peak_bytes;
    metrics[`cache.${run.cache.memory}.hit_ratio`] = run.cache.hit_bytes / (run.cache.hit_bytes + run.cache.miss_bytes);
  }
}

function traffic(metrics: MutableMetrics, { machine, reading }: Measured): void {
  for (const link of machine.links) {
    for (const direction of [link.forward, link.backward]) {
      const bytes = reading.counters.get(`link.${link.id}.${direction.name}`) ?? 0;
      if (bytes > 0) metrics[`traffic.${link.id}.${direction.name}_bytes`] = bytes;
    }
  }
  const { storage, near } = machine.roles;
  // What compute beside the data reads never crosses a link.
  const inside = near === undefined ? 0 : (reading.counters.get(`access.${near}`) ?? 0);
  if (inside > 0) metrics[`traffic.${near}.access_bytes`] = inside;
  for (const id of new Set([storage, near])) {
    if (id === undefined || !/^(disk|csd_flash)\d*$/.test(id)) continue;
    const written = reading.counters.get(`write.${id}`) ?? 0;
    if (written > 0) metrics[`wear.${id}.written_bytes`] = written;
  }
}

function busy(metrics: MutableMetrics, { machine, reading }: Measured): void {
  const elapsed = reading.elapsed_ns;
  if (elapsed === 0) return;
  const fraction = (name: string, activity: string): void => {
    const ns = reading.busy_ns.get(activity) ?? 0;
    if (ns > 0) metrics[name] = ns / elapsed;
  };
  for (const unit of machine.compute) fraction(`busy.compute.${unit.id}.fraction`, `compute.${unit.id}`);
  fraction('busy.compute.host.fraction', 'host');
  for (const { id } of machine.memories) fraction(`busy.memory.${id}.fraction`, `memory.${id}`);
  for (const link of machine.links) {
    for (const { name } of [link.forward, link.backward]) {
      fraction(`busy.link.${link.id}.${name}.fraction`, `link.${link.id}.${name}`);
      fraction(`busy.copy.${link.id}.${name}.fraction`, `copy.${link.id}.${name}`);
    }
  }
}

function compute(metrics: MutableMetrics, { machine, reading }: Measured, totalS: number): void {
  let flops = 0;
  for (const unit of machine.compute) flops += reading.counters.get(`flops.${unit.id}`) ?? 0;
  if (flops === 0) return;
  metrics['compute.flops'] = flops;
  let attention = 0;
  for (const unit of machine.compute) attention += reading.counters.get(`attention_flops.${unit.id}`) ?? 0;
  if (attention > 0) metrics['compute.attention_flops'] = attention;
  const fast = machine.compute.find((unit) => unit.memory === machine.roles.fast);
  const peak =
    fast === undefined ? 0 : Math.max(0, ...[fast.peak_flop_per_s.fp16 ?? 0, fast.peak_flop_per_s.bf16 ?? 0]);
  if (peak > 0 && totalS > 0) metrics['compute.mfu'] = flops / (peak * totalS);
}

/** One consumer of energy: a board with a stated power, or accesses with a stated energy per byte. */
function energyAndCost(
  metrics: MutableMetrics,
  warnings: string[],
  { machine, program, reading }: Measured,
  totalS: number,
): void {
  // A machine file is one device's share of a cluster, and all devices of the program do the same.
  const { devices = 1 } = program;
  if (machine.cost_usd_per_h !== undefined) {
    const perHour = devices * machine.cost_usd_per_h;
    metrics['cost.usd'] = (perHour * totalS) / 3600;
    const rate = metrics['throughput.tokens_per_s'];
    if (rate !== undefined) metrics['cost.usd_per_million_tokens'] = (perHour / 3600 / rate) * 1e6;
  }
  let known = 0;
  let parts = 0;
  const unknown: string[] = [];
  const onBoard = new Set<string>();
  for (const unit of machine.compute) {
    const busyS = (reading.busy_ns.get(`compute.${unit.id}`) ?? 0) / 1e9;
    if (busyS === 0) continue;
    if (unit.busy_w === undefined && unit.multiplying_w === undefined) {
      unknown.push(unit.id);
      continue;
    }
    // Board power covers the unit and its own memory.
    onBoard.add(unit.memory);
    const productS = reading.counters.get(`product_s.${unit.id}`) ?? 0;
    const joules =
      devices *
      ((unit.busy_w ?? 0) * busyS +
        (unit.multiplying_w ?? 0) * productS +
        (unit.idle_w ?? 0) * Math.max(0, totalS - busyS));
    metrics[`energy.${unit.id}_j`] = joules;
    known += joules;
    parts += 1;
  }
  const accesses = [
    ...machine.memories.map((memory) => ({
      part: `${memory.id}_memory`,
      covered: onBoard.has(memory.id),
      energy: memory.energy,
      bytes: ['read', 'write', 'access'].reduce(
        (sum, way) => sum + (reading.counters.get(`${way}.${memory.id}`) ?? 0),
        0,
      ),
    })),
    ...machine.links.map((link) => ({
      part: link.id,
      covered: false,
      energy: link.energy,
      bytes: [link.forward, link.backward].reduce(
        (sum, { name }) => sum + (reading.counters.get(`link.${link.id}.${name}`) ?? 0),
        0,
      ),
    })),
  ];
  for (const { part, covered, energy, bytes } of accesses) {
    if (covered || bytes === 0) continue;
    if (energy === undefined) {
      unknown.push(part);
      continue;
    }
    const joules = (devices * bytes * (energy.low_j_per_byte + energy.high_j_per_byte)) / 2;
    metrics[`energy.${part}_j`] = joules;
    known += joules;
    parts += 1;
  }
  if (parts === 0) return;
  if (unknown.length === 0) metrics['energy.total_j'] = known;
  else {
    metrics['energy.known_j'] = known;
    warnings.push(`no source gives the energy of ${unknown.join(', ')}: energy.known_j covers the other parts only`);
  }
  if (machine.carbon_gco2e_per_kwh !== undefined)
    metrics['carbon.gco2e'] = (known / 3.6e6) * machine.carbon_gco2e_per_kwh;
}

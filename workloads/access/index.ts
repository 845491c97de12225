import { InputError } from '../../input/index.ts';
import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import { randomStreams } from '../../sim/kernel/random.ts';
import { accessLoop } from '../../sim/resources/dram/accessLoop.ts';
import type { Machine, RunResult } from '../../sim/types/index.ts';
import type { AccessFields } from './schema.ts';

/** How an access finds its row, in the order of the measurement. */
const ROWS = ['hit', 'closed', 'conflict', 'refresh'] as const;

/**
 * @throws InputError for a stride of random addresses; MissingFactError when the machine has no such memory or it has no channels, or a request is larger than what
 * stays in one channel; DoesNotFitError when the masters address more than there is.
 */
export function runAccess(fields: AccessFields, machine: Machine, seed: number): RunResult {
  const id = fields.memory ?? machine.roles.fast;
  const memory = machine.memories.find((candidate) => candidate.id === id);
  const dram = memory?.dram_channels;
  if (memory === undefined || dram === undefined) {
    const has = machine.memories.filter(({ dram_channels }) => dram_channels).map((candidate) => candidate.id);
    throw new MissingFactError(
      `memory "${id}" of machine "${machine.id}" has no dram_channels; those that have: ${has.join(', ') || 'none'}`,
    );
  }
  const span = fields.span_bytes ?? Math.floor(memory.capacity_bytes / fields.masters);
  const asked = span * fields.masters;
  if (asked > memory.capacity_bytes) {
    throw new DoesNotFitError(memory.id, 'what the masters address', asked, memory.capacity_bytes, 0, []);
  }
  if (fields.pattern === 'random' && fields.stride_bytes !== undefined) {
    throw new InputError({
      code: 'bad_value',
      problem: 'workload.stride_bytes does nothing to random addresses',
      expected: 'pattern: sequential, or no stride_bytes',
    });
  }
  const stride = fields.stride_bytes ?? fields.request_bytes;
  const unit = fields.pattern === 'random' ? fields.request_bytes : stride;
  const crosses = fields.request_bytes > span || fields.request_bytes > dram.interleave_bytes;
  if (crosses || dram.interleave_bytes % Math.min(unit, dram.interleave_bytes) !== 0) {
    throw new MissingFactError(
      `requests of ${fields.request_bytes} bytes every ${unit} reach over the ${dram.interleave_bytes} bytes that lie in one channel of "${id}"`,
    );
  }
  const measured = accessLoop(
    dram,
    memory.capacity_bytes,
    {
      masters: fields.masters,
      requests: fields.requests,
      request_bytes: fields.request_bytes,
      pattern: fields.pattern,
      stride_bytes: stride,
      span_bytes: span,
      outstanding: fields.outstanding,
      gap_s: fields.gap_s,
      master_bytes_per_s: fields.master_bytes_per_s ?? dram.port_bytes_per_s,
      ordered: fields.ordered,
    },
    randomStreams(seed).stream('dram addresses'),
  );
  const metrics: Record<string, number> = {
    'time.total_s': measured.seconds,
    'throughput.bytes_per_s': measured.bytes / measured.seconds,
    'latency.request_s.mean': measured.mean_latency_s,
  };
  ROWS.forEach((row, i) => {
    const mean = measured.latency_s[i];
    if (mean !== undefined) metrics[`latency.row_${row}_s.mean`] = mean;
  });
  return { metrics, warnings: [] };
}

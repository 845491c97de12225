import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import { summarize } from '../../sim/kernel/quantiles.ts';
import { closedLoop, type IoMeasurement } from '../../sim/resources/flash/closedLoop.ts';
import { collectedCapacity, tooManyPages } from '../../sim/resources/flash/collection.ts';
import { flashFlaws } from '../../sim/resources/flash/device.ts';
import type { Machine, RunResult } from '../../sim/types/index.ts';
import type { IoFields } from './schema.ts';

/**
 * Runs the loop on the machine's drive.
 * @throws MissingFactError when the machine has no such drive, the drive cannot write, or a request is larger than what is addressed.
 */
export function runIo(fields: IoFields, machine: Machine, seed: number): RunResult {
  const id = fields.memory ?? machine.roles.storage;
  const memory = machine.memories.find((candidate) => candidate.id === id);
  if (memory?.flash === undefined) {
    const drives = machine.memories.filter(({ flash }) => flash !== undefined).map((drive) => drive.id);
    const has = drives.length > 0 ? drives.join(', ') : 'none';
    throw new MissingFactError(`memory "${id}" of machine "${machine.id}" has no flash part; drives with one: ${has}`);
  }
  const [flaw] = flashFlaws(memory.flash, memory.capacity_bytes);
  if (flaw) throw new MissingFactError(`memory "${memory.id}": ${flaw.problem}; expected ${flaw.expected}`);
  const span = Math.min(fields.span_bytes ?? memory.capacity_bytes, memory.capacity_bytes);
  if (fields.request_bytes > span) {
    throw new MissingFactError(
      `a request of ${fields.request_bytes} bytes (workload.request_bytes) is larger than the ${span} bytes of memory "${memory.id}" that are addressed (workload.span_bytes, all of it where that is absent)`,
    );
  }
  if (memory.flash.collection !== undefined) {
    if (tooManyPages(memory.flash, memory.capacity_bytes)) {
      throw new MissingFactError(
        `memory "${memory.id}" has more pages than collection can follow; give it a smaller capacity_bytes (fewer blocks), or a write_amplification in place of collection`,
      );
    }
    const room = collectedCapacity(memory.flash, memory.capacity_bytes);
    const what = 'the addressed bytes (workload.span_bytes) beside the blocks that collection keeps free';
    if (span > room) throw new DoesNotFitError(memory.id, what, span, room, 0, []);
  }
  const measured = closedLoop(
    memory.flash,
    {
      request_bytes: fields.request_bytes,
      queue_depth: fields.queue_depth,
      read_share: fields.read_share,
      pattern: fields.pattern,
      align_bytes: fields.align_bytes ?? fields.request_bytes,
      span_bytes: span,
      capacity_bytes: memory.capacity_bytes,
      duration_s: fields.duration_s,
      consumer: fields.consumer,
    },
    seed,
  );
  const metrics = metricsOf(measured, fields.duration_s, memory.id, memory.flash.endurance_bytes);
  const warnings = measured.requests > 0 ? [] : [NOTHING_ENDED];
  return { metrics, warnings };
}

const NOTHING_ENDED =
  'no request ended within workload.duration_s, so there is no latency and the rates are zero; a longer duration would show them';

const SECONDS_PER_YEAR = 365.25 * 86_400;

function metricsOf(
  measured: IoMeasurement,
  durationS: number,
  id: string,
  enduranceBytes: number | undefined,
): Record<string, number> {
  const metrics: Record<string, number> = {
    'time.total_s': durationS,
    'throughput.ios_per_s': measured.requests / durationS,
    'throughput.io_bytes_per_s': (measured.read_bytes + measured.written_bytes) / durationS,
    [`busy.flash.${id}.channels.fraction`]: measured.channel_busy,
    [`busy.flash.${id}.chips.fraction`]: measured.unit_busy,
    [`busy.flash.${id}.link.fraction`]: measured.link_busy,
    [`wear.${id}.written_bytes`]: measured.programmed_bytes,
    'sim.events': measured.events,
  };
  if (measured.written_bytes > 0) {
    metrics[`wear.${id}.write_amplification`] = measured.programmed_bytes / measured.written_bytes;
    metrics[`wear.${id}.erased_blocks`] = measured.erased_blocks;
  }
  if (enduranceBytes !== undefined && measured.programmed_bytes > 0) {
    metrics[`wear.${id}.years`] = enduranceBytes / (measured.programmed_bytes / durationS) / SECONDS_PER_YEAR;
  }
  if (measured.requests > 0) {
    const { count: _, ...stats } = summarize(measured.latencies_ns);
    for (const [stat, ns] of Object.entries(stats)) metrics[`latency.request_s.${stat}`] = ns / 1e9;
  }
  return metrics;
}

import { MissingFactError } from '../../sim/errors.ts';
import { measure } from '../../sim/executor/index.ts';
import { type Actions, type Machine, type MoveRequest, NONE, type RunResult } from '../../sim/types/index.ts';
import type { CopyFields } from './schema.ts';

/**
 * Runs the copies; the rate is of the asked direction alone.
 * @throws MissingFactError when the machine has no such link or direction.
 */
export function runCopy(fields: CopyFields, machine: Machine): RunResult {
  const link = machine.links.find(({ id }) => id === fields.link);
  const ways = link === undefined ? [] : [link.forward.name, link.backward.name];
  if (link === undefined || !ways.includes(fields.direction)) {
    const has = machine.links.map(({ id, forward, backward }) => `${id} (${forward.name}, ${backward.name})`);
    throw new MissingFactError(
      `machine "${machine.id}" has no ${fields.link}.${fields.direction}; it has ${has.join(', ') || 'no links'}`,
    );
  }
  const ends = fields.direction === link.forward.name ? [link.from, link.to] : [link.to, link.from];
  const copy = (actions: Actions, from: string, to: string): void => {
    const request: MoveRequest = {
      from,
      to,
      bytes: fields.bytes,
      stream: 'activation_read',
      host_memory: fields.host_memory,
      queue: `${from} to ${to}`,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after: NONE,
    };
    for (let i = 0; i < fields.copies; i++) actions.move(request);
  };
  const { metrics, warnings } = measure(machine, (actions) => {
    copy(actions, ends[0]!, ends[1]!);
    if (fields.both_directions) copy(actions, ends[1]!, ends[0]!);
  });
  // Both directions carry the same bytes, but the slower one ends last: the rate is over its own busy time.
  const busy = metrics[`busy.copy.${fields.link}.${fields.direction}.fraction`] ?? 1;
  const seconds = metrics['time.total_s']! * busy;
  return {
    metrics: { ...metrics, 'throughput.bytes_per_s': (fields.bytes * fields.copies) / seconds },
    warnings,
  };
}

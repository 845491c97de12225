import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';
import { MissingFactError } from '../../sim/errors.ts';
import { measure } from '../../sim/executor/index.ts';
import { type Actions, type Machine, type MoveRequest, NONE, type RunResult } from '../../sim/types/index.ts';

/** Copies of one size over a link, one after another, as link benchmarks measure it. */
export const copySchema = v.strictObject({
  kind: v.literal('copy'),
  link: v.optional(v.pipe(v.string(), v.description('Id of the link.')), 'pcie'),
  direction: v.pipe(v.string(), v.minLength(1), v.description('h2d, d2h, read, write, tx or rx.')),
  bytes: quantity('bytes', { description: 'Bytes of one copy', exclusiveMin: 0 }),
  copies: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000), v.description('Copies in a row.')),
    1,
  ),
  both_directions: v.optional(
    v.pipe(v.boolean(), v.description('Whether as many bytes go the other way at the same time.')),
    false,
  ),
  host_memory: v.optional(
    v.pipe(v.picklist(['pinned', 'pageable']), v.description('How the host side is held.')),
    'pinned',
  ),
});
export type CopyFields = v.InferOutput<typeof copySchema>;

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

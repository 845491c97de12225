import { PolicyError } from '../../../sim/errors.ts';
import type { LayerInfo, Op, Program } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import type { LayerStreamFields } from './schema.ts';

export type Level = 'gpu' | 'cpu' | 'disk';

/** Where one sub-layer's weights live and where it runs. */
export interface Home {
  readonly level: Level;
  /** Device memory it runs on. */
  readonly device: string;
  /** Stored bytes, as they are fetched; a tied table counts here too. */
  readonly bytes: number;
  /** Bytes that its home must hold: without the second name of a tied table. */
  readonly held_bytes: number;
  /** Modules with weights of their own: every matrix, and the norm. */
  readonly modules: number;
}

/** Sub-layers that stay together: embedding, attention with its MLP, head. */
type Group = readonly number[];

export function homesOf(fields: LayerStreamFields, context: PlacementContext, devices: readonly string[]): Home[] {
  const { layers } = context.program;
  const homes: Home[] = [];
  const place = (group: Group, level: Level, device: string): void => {
    for (const index of group) homes[index] = { ...sizeOf(layers[index]!), level, device };
  };
  const first = devices[0]!;
  if (fields.weights !== 'auto') {
    for (const group of groupsOf(layers)) {
      const isEnd = !isLayer(layers[group[0]!]!);
      place(group, isEnd && fields.embeddings_on_gpu ? 'gpu' : fields.weights, first);
    }
    return homes;
  }
  const rooms = roomsOf(fields, context, devices);
  let at = 0;
  for (const group of groupsOf(layers)) {
    const bytes = group.reduce((sum, index) => sum + sizeOf(layers[index]!).held_bytes, 0);
    const isEnd = !isLayer(layers[group[0]!]!);
    // A tied head stays where its table is; embeddings that must stay on the device go to the first.
    const tied = group.some((index) => layers[index]!.weights.some((tensor) => tensor.alias_of >= 0));
    if (isEnd && (tied || fields.embeddings_on_gpu)) {
      rooms[0]!.left -= bytes;
      place(group, tied && !fields.embeddings_on_gpu ? homes[0]!.level : 'gpu', homes[0]?.device ?? first);
      continue;
    }
    while (at < rooms.length - 1 && rooms[at]!.left < bytes) at += 1;
    rooms[at]!.left -= bytes;
    place(group, rooms[at]!.level, rooms[at]!.device);
  }
  return homes;
}

interface Room {
  readonly level: Level;
  readonly device: string;
  left: number;
}

/** What each level may hold, in the order in which they are filled; the disk takes the rest. */
function roomsOf(
  fields: LayerStreamFields,
  { machine, program }: PlacementContext,
  devices: readonly string[],
): Room[] {
  const known = new Set([...devices, machine.roles.host]);
  for (const id of Object.keys(fields.limits)) {
    if (!known.has(id)) {
      throw new PolicyError(`limits names "${id}", which is not filled; these are: ${[...known].join(', ')}`);
    }
  }
  const room = (id: string, level: Level, device: string, beside: number): Room => {
    const memory = machine.memories.find((candidate) => candidate.id === id)!;
    return { level, device, left: fields.limits[id] ?? memory.capacity_bytes - memory.reserved_bytes - beside };
  };
  const { kv_bytes } = program.summary;
  const buffers = (fields.prefetch + 2) * largestBytes(program) + largestWorking(program);
  const onDevice = fields.kv === 'gpu' ? kv_bytes / devices.length : 0;
  const rooms = devices.map((id, i) => room(id, 'gpu', id, onDevice + (i === 0 ? buffers : largestWorking(program))));
  const { host, storage } = machine.roles;
  const first = devices[0]!;
  if (host !== undefined) rooms.push(room(host, 'cpu', first, fields.kv === 'cpu' ? kv_bytes : 0));
  if (storage !== undefined) rooms.push({ level: 'disk', device: first, left: Number.POSITIVE_INFINITY });
  return rooms;
}

export function largestBytes(program: Program): number {
  return Math.max(...program.layers.map((layer) => sizeOf(layer).bytes));
}

/** Most bytes of activations that one op of the prefill, or of the first decode step, holds at once. */
function largestWorking(program: Program): number {
  const bytesOf = (op: Op): number => op.input_bytes + op.output_bytes + op.scratch_bytes;
  let most = 0;
  for (const segment of program.segments()) {
    if ((segment.ops[0]?.step ?? 0) > 1) break;
    for (const op of segment.ops) most = Math.max(most, bytesOf(op));
  }
  return most;
}

function sizeOf({ weights }: LayerInfo): Omit<Home, 'level' | 'device'> {
  let bytes = 0;
  let held = 0;
  let matrices = 0;
  for (const tensor of weights) {
    bytes += tensor.bytes;
    if (tensor.alias_of < 0) held += tensor.bytes;
    if (tensor.dimensions >= 2) matrices += 1;
  }
  return { bytes, held_bytes: held, modules: matrices + (matrices < weights.length ? 1 : 0) };
}

const isLayer = ({ name }: LayerInfo): boolean => name !== 'embed' && name !== 'head';

function groupsOf(layers: readonly LayerInfo[]): Group[] {
  const groups: number[][] = [];
  layers.forEach((layer, index) => {
    if (layer.name === 'mlp') groups[groups.length - 1]!.push(index);
    else groups.push([index]);
  });
  return groups;
}

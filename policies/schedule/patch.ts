import { InputError, nearestName } from '../../input/index.ts';
import type { Network, NetworkLayer } from '../../sim/types/index.ts';
import { type Axis, type Interval, inside, neededAlong } from './regions.ts';
import { type PatchStage, type Schedule, ScheduleBuilder, sideOf } from './schedule.ts';
import type { Halo } from './schema.ts';

/** Whether the layers up to and including this one can run on patches: none of them reads a whole map. */
export function canSplitAfter(network: Network, last: number): boolean {
  return network.layers.slice(0, last + 1).every(patchable) && last < network.layers.length - 1;
}

const patchable = ({ reach }: NetworkLayer): boolean => reach === 'window' || reach === 'point';

/**
 * The number of the layer that `split` names: a number, a layer, or a block (its last layer).
 * @throws InputError for a name or number that is none, or a stage that holds a layer no patch can run.
 */
export function splitLayer(network: Network, split: number | string): number {
  const { layers } = network;
  const last =
    typeof split === 'number'
      ? split
      : Math.max(
          layers.findIndex(({ name }) => name === split),
          layers.findLastIndex(({ block }) => block === split),
        );
  if (last < 0 || last >= layers.length) {
    const names = layers.map(({ name }) => name);
    throw new InputError({
      code: 'unknown_name',
      problem: `${network.id} has no layer ${JSON.stringify(split)} to split after`,
      found: String(split),
      expected: `a number from 0 to ${layers.length - 2}, or a layer or block such as ${JSON.stringify(layers[0]!.block)}`,
      ...(typeof split === 'string' && { nearest: nearestName(split, [...names, ...layers.map((l) => l.block)]) }),
    });
  }
  if (last === layers.length - 1) {
    throw new InputError({
      code: 'bad_value',
      problem: `${network.id} ends with layer ${JSON.stringify(layers[last]!.name)}: nothing is left to run on the merged map`,
      found: String(split),
      expected: `an earlier layer`,
    });
  }
  const whole = layers.slice(0, last + 1).find((layer) => !patchable(layer));
  if (whole) {
    throw new InputError({
      code: 'bad_value',
      problem: `layer ${JSON.stringify(whole.name)} (${whole.op}) reads its whole input, so it cannot run patch by patch`,
      found: String(split),
      expected: `a split before layer ${whole.id}`,
    });
  }
  return last;
}

/** Tensors that layers after `last` read and layers up to it make. */
export function cutTensors(network: Network, last: number): number[] {
  const readers = lastReaders(network);
  const cut: number[] = [];
  for (let i = 0; i <= last; i++) for (const id of network.layers[i]!.outputs) if (readers[id]! > last) cut.push(id);
  return cut;
}

const readersOf = new WeakMap<Network, Float64Array>();

/** By tensor, the last layer that reads it; Infinity for what the network hands over, −1 where none does. */
function lastReaders(network: Network): Float64Array {
  const known = readersOf.get(network);
  if (known) return known;
  const readers = new Float64Array(network.tensors.length).fill(-1);
  for (const { id, inputs } of network.layers) for (const input of inputs) readers[input] = id;
  for (const id of network.outputs) readers[id] = Number.POSITIVE_INFINITY;
  readersOf.set(network, readers);
  return readers;
}

/**
 * The first layers on `patches` × `patches` patches, one after the other, the rest layer by layer. The stage's output is
 * there whole from the first patch on; of the image only one patch is, as it is decoded piece by piece. Every patch has
 * the same size: the share of the output, rounded up, and all that it reads (TinyEngine, PatchBasedUtil).
 */
export function patchByPatch(network: Network, patches: number, last: number, halo: Halo = 'unclipped'): Schedule {
  const cut = cutTensors(network, last);
  const tiles = tileSides(network, patches, last, cut, halo);
  const stage = patchStage(network, patches, last, halo, cut, tiles);
  const build = new ScheduleBuilder(network);
  const merged = new Map(cut.map((id) => [id, build.buffer(id, network.tensors[id]!.bytes, 0)]));
  const tileBytes = (id: number): number => {
    const [tall, wide] = tiles[id]!;
    return Math.ceil(network.tensors[id]!.channels * tall * wide * network.batch * network.element_bytes);
  };
  for (const id of network.inputs) if (tiles[id]) build.buffer(id, tileBytes(id), 0);
  const readInStage = new Set<number>();
  for (let i = 0; i <= last; i++) for (const id of network.layers[i]!.inputs) readInStage.add(id);
  for (const layer of network.layers.slice(0, last + 1)) {
    // A map that both stages read is kept whole for the later one, and as a patch for this one.
    const kept = layer.outputs.filter((id) => merged.has(id) && !readInStage.has(id));
    const held = kept.length === 0 ? undefined : new Map(kept.map((id) => [id, merged.get(id)!]));
    build.step(layer, (id) => tiles[id]!, tileBytes, held);
  }
  for (const [id, buffer] of merged) {
    build.touch(buffer);
    build.use(id, buffer);
  }
  for (const id of network.inputs) {
    const readLater = network.layers.slice(last + 1).some(({ inputs }) => inputs.includes(id));
    if (readLater) build.buffer(id, network.tensors[id]!.bytes, 0);
  }
  for (const layer of network.layers.slice(last + 1)) build.step(layer, (id) => sideOf(network, id));
  return build.finish(stage);
}

/** Side of one patch of a cut tensor. */
const grain = (side: number, patches: number): number => Math.ceil(side / patches);

/** Height and width of one patch of every tensor of the stage. */
function tileSides(network: Network, patches: number, last: number, cut: readonly number[], halo: Halo) {
  const along = (axis: Axis): (Interval | undefined)[] =>
    neededAlong(
      network,
      last,
      new Map(cut.map((id) => [id, { from: 0, to: grain(sideOf(network, id)[axis], patches) }])),
      axis,
      halo !== 'none',
    );
  const rows = along(0);
  const columns = isSquare(network) ? rows : along(1);
  return rows.map((row, id): readonly [number, number] | undefined => {
    const column = columns[id];
    return row && column && [row.to - row.from, column.to - column.from];
  });
}

const squares = new WeakMap<Network, boolean>();

/** Whether rows and columns are alike in every map and window, so that what holds for one holds for the other. */
function isSquare(network: Network): boolean {
  const known = squares.get(network);
  if (known !== undefined) return known;
  const square =
    network.tensors.every(({ height, width }) => height === width) &&
    network.layers.every(({ window: { kernel, stride, padding } }) => {
      return kernel[0] === kernel[1] && stride[0] === stride[1] && padding[0] === padding[1];
    });
  squares.set(network, square);
  return square;
}

/** Multiply-adds that patches do beyond those of the layers themselves. */
export function recomputedMacs(network: Network, patches: number, last: number, halo: Halo): number {
  if (halo === 'clipped') {
    const { clipped_macs, macs } = patchStage(network, patches, last, halo);
    return clipped_macs - macs;
  }
  const tiles = tileSides(network, patches, last, cutTensors(network, last), halo);
  let extra = 0;
  for (let i = 0; i <= last; i++) {
    const { macs, outputs } = network.layers[i]!;
    if (macs > 0) extra += macs * (patches * patches * shareOf(network, outputs[0]!, tiles[outputs[0]!]) - 1);
  }
  return extra;
}

/** Area of a patch in parts of its map. */
function shareOf(network: Network, id: number, tile: readonly [number, number] | undefined): number {
  const [height, width] = sideOf(network, id);
  return tile === undefined ? 0 : (tile[0] * tile[1]) / (height * width);
}

/**
 * Work of the stage, patch by patch; rows and columns are independent. What borders clip is worked out when it is asked
 * for, since a search asks hundreds of stages for their unclipped work alone.
 */
export function patchStage(
  network: Network,
  patches: number,
  last: number,
  halo: Halo,
  cut = cutTensors(network, last),
  tiles = tileSides(network, patches, last, cut, halo),
): PatchStage {
  const layers = network.layers.slice(0, last + 1);
  const full_share = layers.map(({ outputs }) => shareOf(network, outputs[0]!, tiles[outputs[0]!]));
  const total = (of: (layer: NetworkLayer, i: number) => number): number =>
    layers.reduce((sum, layer, i) => sum + of(layer, i), 0);
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  let shares: PatchStage['shares'] | undefined;
  return {
    patches,
    layers: last + 1,
    input_side: tiles[network.inputs[0]!] ?? [0, 0],
    output_side: [grain(sideOf(network, cut[0]!)[0], patches), grain(sideOf(network, cut[0]!)[1], patches)],
    macs: total(({ macs }) => macs),
    unclipped_macs: total(({ macs }, i) => patches * patches * macs * full_share[i]!),
    full_share,
    get shares() {
      shares ??= clippedShares(network, patches, last, cut, halo);
      return shares;
    },
    get clipped_macs() {
      return total(({ macs }, i) => macs * sum(this.shares[i]!.rows) * sum(this.shares[i]!.columns));
    },
  };
}

/** Per layer of the stage, the share of its rows and columns that each patch needs inside the map. */
function clippedShares(
  network: Network,
  patches: number,
  last: number,
  cut: readonly number[],
  halo: Halo,
): PatchStage['shares'] {
  const layers = network.layers.slice(0, last + 1);
  const shares = layers.map(() => ({ rows: [] as number[], columns: [] as number[] }));
  for (let patch = 0; patch < patches; patch++) {
    for (const axis of [0, 1] as const) {
      const wanted = new Map(
        cut.map((id) => {
          const side = sideOf(network, id)[axis];
          const size = grain(side, patches);
          return [id, { from: Math.min(patch * size, side), to: Math.min((patch + 1) * size, side) }] as const;
        }),
      );
      const needed = neededAlong(network, last, wanted, axis, halo !== 'none');
      layers.forEach((layer, i) => {
        const id = layer.outputs[0]!;
        const side = sideOf(network, id)[axis];
        const share = needed[id] === undefined ? 0 : inside(needed[id], side) / side;
        (axis === 0 ? shares[i]!.rows : shares[i]!.columns).push(share);
      });
    }
  }
  return shares;
}

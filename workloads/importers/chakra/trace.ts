import { InputError } from '../../../input/index.ts';
import type { TensorTrace, TraceEvent, TraceOutput } from '../../../sim/types/index.ts';
import type { ChakraNode } from './node.ts';

/**
 * A Chakra graph as a tensor trace of ours: nodes in an order that keeps their dependencies, each a call. What nobody made
 * is a constant; a storage is released after its last use.
 *
 * Traces of PyTorch hold host ops, which know their tensors, and the kernels they launched, which know their time: a
 * kernel's time is given to the host op it depends on, and host time counts only where no node ran on a device.
 * @throws InputError naming the node (with its place) that stands twice, depends on nothing known, or closes a cycle.
 */
export function traceOf(nodes: readonly ChakraNode[], file: string): TensorTrace {
  const kept = nodes.filter(({ type }) => type !== METADATA);
  if (kept.length === 0) throw refuse('this trace has no node that does anything', file);
  const byId = new Map<number, ChakraNode>();
  for (const node of kept) {
    if (byId.has(node.id)) throw refuse(`node ${node.id} stands twice (${node.place})`, file);
    byId.set(node.id, node);
  }
  const ordered = inOrder(kept, byId, file);
  const hasDevice = ordered.some(({ on_host }) => on_host === false);
  const costs = new Map<number, number>();
  const calls = ordered.filter((node) => {
    const launcher =
      node.on_host === false ? [...node.data, ...node.control].find((id) => byId.get(id)?.on_host === true) : undefined;
    const counts = !hasDevice || node.on_host !== true;
    const to = launcher ?? node.id;
    costs.set(to, (costs.get(to) ?? 0) + (counts ? node.duration_ns : 0));
    return launcher === undefined;
  });
  return eventsOf(calls, costs);
}

const METADATA = 1;

const refuse = (problem: string, file: string): InputError =>
  new InputError({ code: 'bad_value', problem, expected: 'an execution trace without cycles', place: { file } });

/** Nodes after what they depend on, otherwise in the order of the file. Dependencies on nodes that were left out hold nothing up. */
function inOrder(nodes: readonly ChakraNode[], byId: ReadonlyMap<number, ChakraNode>, file: string): ChakraNode[] {
  const waits = new Map<number, number>();
  const children = new Map<number, ChakraNode[]>();
  for (const node of nodes) {
    const known = [...new Set(node.data)].filter((id) => byId.has(id));
    waits.set(node.id, known.length);
    for (const id of known) {
      const list = children.get(id);
      if (list === undefined) children.set(id, [node]);
      else list.push(node);
    }
  }
  const ordered: ChakraNode[] = [];
  const ready = nodes.filter(({ id }) => waits.get(id) === 0);
  for (let at = 0; at < ready.length; at++) {
    const node = ready[at]!;
    ordered.push(node);
    for (const child of children.get(node.id) ?? []) {
      const left = waits.get(child.id)! - 1;
      waits.set(child.id, left);
      if (left === 0) ready.push(child);
    }
  }
  const stuck = nodes.find(({ id }) => waits.get(id)! > 0);
  if (stuck !== undefined) {
    throw refuse(`node ${stuck.id} (${stuck.place}) waits for itself through its dependencies`, file);
  }
  return ordered;
}

function eventsOf(calls: readonly ChakraNode[], costs: ReadonlyMap<number, number>): TensorTrace {
  const events: TraceEvent[] = [];
  /** The tensor that now stands for a storage, and the result of a node that names no tensors. */
  const ofStorage = new Map<number, number>();
  const ofNode = new Map<number, number>();
  const lastUse = lastUses(calls);
  let tensors = 0;
  const constant = (storage: number, bytes: number): number => {
    events.push({ kind: 'constant', tensor: tensors, bytes });
    ofStorage.set(storage, tensors);
    return tensors++;
  };
  calls.forEach((node, index) => {
    const inputs: number[] = [];
    const use = (tensor: number): number => {
      const known = inputs.indexOf(tensor);
      return known >= 0 ? known : inputs.push(tensor) - 1;
    };
    for (const { storage, bytes } of node.inputs) use(ofStorage.get(storage) ?? constant(storage, bytes));
    if (node.inputs.length === 0) {
      for (const id of node.data) {
        const made = ofNode.get(id);
        if (made !== undefined) use(made);
      }
    }
    const outputs: TraceOutput[] = [];
    const written = new Set<number>();
    for (const { storage, bytes } of node.outputs) {
      if (written.has(storage)) continue;
      written.add(storage);
      const known = ofStorage.get(storage);
      const tensor = tensors++;
      outputs.push(known === undefined ? { tensor, bytes, alias_of: -1 } : { tensor, bytes: 0, alias_of: use(known) });
      ofStorage.set(storage, tensor);
    }
    if (outputs.length === 0 && node.inputs.length === 0) {
      outputs.push({ tensor: tensors, bytes: node.bytes, alias_of: -1 });
      ofNode.set(node.id, tensors++);
    }
    events.push({ kind: 'call', name: node.name, cost_ns: costs.get(node.id) ?? 0, inputs, outputs });
    for (const storage of lastUse.storages[index]!) {
      events.push({ kind: 'release', tensor: ofStorage.get(storage)! });
      ofStorage.delete(storage);
    }
    for (const id of lastUse.nodes[index]!) {
      const made = ofNode.get(id);
      if (made !== undefined) events.push({ kind: 'release', tensor: made });
      ofNode.delete(id);
    }
  });
  return { tensors, events };
}

/** Storages and results that no later call uses, by call. */
function lastUses(calls: readonly ChakraNode[]): { storages: number[][]; nodes: number[][] } {
  const storages: number[][] = calls.map(() => []);
  const nodes: number[][] = calls.map(() => []);
  const [lastStorage, lastNode] = [new Map<number, number>(), new Map<number, number>()];
  calls.forEach((node, index) => {
    for (const { storage } of [...node.inputs, ...node.outputs]) lastStorage.set(storage, index);
    for (const id of [node.id, ...node.data]) lastNode.set(id, index);
  });
  for (const [storage, index] of lastStorage) storages[index]!.push(storage);
  for (const [id, index] of lastNode) nodes[index]!.push(id);
  return { storages, nodes };
}

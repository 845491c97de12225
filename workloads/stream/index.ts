import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import { Simulation } from '../../sim/kernel/simulation.ts';
import { secondsFromNs } from '../../sim/kernel/time.ts';
import { Ledger } from '../../sim/ledger.ts';
import { Fabric } from '../../sim/resources/fabric.ts';
import { FlowNetwork } from '../../sim/resources/flowNetwork.ts';
import type { Machine, RunResult } from '../../sim/types/index.ts';
import type { StreamFields } from './schema.ts';

/** Equal streams that share the memory: the read share is met to a hundredth. */
const STREAMS = 100;

/** @throws MissingFactError when the machine has no such memory, DoesNotFitError when it is smaller than the stream. */
export function runStream(fields: StreamFields, machine: Machine): RunResult {
  const id = fields.memory ?? machine.roles.fast ?? machine.memories[0]?.id;
  const memory = machine.memories.find((candidate) => candidate.id === id);
  if (memory === undefined) throw new MissingFactError(`machine "${machine.id}" has no memory "${id}"`);
  const room = memory.capacity_bytes - memory.reserved_bytes;
  if (fields.bytes > room) throw new DoesNotFitError(memory.id, 'the stream', fields.bytes, room, 0, []);
  const sim = new Simulation();
  const network = new FlowNetwork(sim, () => {});
  const fabric = new Fabric(machine, network, new Ledger());
  const readers = Math.round(fields.read_share * STREAMS);
  for (let i = 0; i < STREAMS; i++) {
    const port = i < readers ? 'read' : 'write';
    const peak = port === 'read' ? memory.read_bytes_per_s : memory.write_bytes_per_s;
    if (!(peak > 0)) throw new MissingFactError(`memory "${id}" of machine "${machine.id}" has no write_bytes_per_s`);
    const path = network.addPath(fabric.port(memory.id, port));
    network.start(path, fields.bytes / STREAMS, peak / STREAMS, i);
  }
  sim.run();
  const seconds = secondsFromNs(sim.now);
  const rate = fields.bytes / seconds;
  return {
    metrics: {
      'time.total_s': seconds,
      'throughput.bytes_per_s': rate,
      'throughput.fraction_of_peak': rate / memory.read_bytes_per_s,
      'sim.events': sim.events,
    },
    warnings: [],
  };
}

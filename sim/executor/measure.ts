import { MemoryAccount } from '../resources/memoryAccount.ts';
import type { Machine } from '../types/machine.ts';
import type { Actions, Plan } from '../types/policy.ts';
import type { RunResult } from '../types/result.ts';
import { Engine } from './engine.ts';
import { metricsOf } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { Tape } from './tape.ts';

const NOTHING_HELD: Plan = { held: [], files: [], workers: [], page_cache: false, warnings: [] };

/**
 * Carries out the actions that `emit` asks for on an idle machine, without a program: a copy, a stream, a search.
 * Returns the metrics of any run (time, traffic, busy shares, energy) but those of phases and the bound.
 *
 * @throws DoesNotFitError, DeadlockError, MissingFactError, PolicyError
 */
export function measure(machine: Machine, emit: (actions: Actions) => void): RunResult {
  const engine = new Engine(machine);
  for (const memory of machine.memories) {
    engine.addAccount(new MemoryAccount(memory.id, memory.capacity_bytes - memory.reserved_bytes));
  }
  const tape = new Tape();
  const actions = new Recorder(engine, tape, machine, NOTHING_HELD, null, () => {
    engine.run(tape);
    tape.clear();
  });
  emit(actions);
  actions.barrier();
  for (const account of engine.accounts) account.settle(engine.now);
  const { metrics, warnings } = metricsOf({
    machine,
    program: { produced: { tokens: 0, decode_tokens: 0, requests: 0 } },
    phases: new Map(),
    reading: engine.ledger.read(engine.ledger.snapshot(engine.now)),
    accounts: engine.accounts,
    bound: null,
    events: engine.sim.events,
    cache: null,
    simulated_ns: engine.now,
    choices: {},
  });
  return { metrics, warnings };
}

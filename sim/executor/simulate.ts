import { DoesNotFitError } from '../errors.ts';
import { secondsFromNs } from '../kernel/time.ts';
import { extrapolate, type LedgerSnapshot } from '../ledger.ts';
import { kindIndex, MemoryAccount } from '../resources/memoryAccount.ts';
import { PageCache } from '../resources/pageCache.ts';
import { TimelineRecorder } from '../timeline.ts';
import type { Machine } from '../types/machine.ts';
import type { Holding, Placement, Plan } from '../types/policy.ts';
import type { Program } from '../types/program.ts';
import type { RunResult } from '../types/result.ts';
import type { Phase } from '../types/units.ts';
import { lowerBound } from './bound.ts';
import { ProgramCursor } from './cursor.ts';
import { Engine } from './engine.ts';
import { metricsOf } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { Replay } from './replay.ts';
import { Tape } from './tape.ts';
import { WriteBack } from './writeBack.ts';

export interface SimulateOptions {
  /** Record spans and counters; then every step is simulated, none repeated. */
  readonly timeline?: boolean;
  /** Simulate every step, even one equal to an earlier one; for tests of the repetition itself. */
  readonly stepped?: boolean;
}

/**
 * Runs a program on a machine under a placement.
 *
 * @throws DoesNotFitError, DeadlockError, MissingFactError, PolicyError
 */
export function simulate(
  machine: Machine,
  given: Program,
  placement: Placement,
  options: SimulateOptions = {},
): RunResult {
  const program = placement.program ?? given;
  const plan = placement.plan(machine, program);
  const engine = new Engine(machine);
  for (const memory of machine.memories) {
    engine.addAccount(new MemoryAccount(memory.id, memory.capacity_bytes - memory.reserved_bytes));
  }
  hold(engine, plan);
  const cache = filesOf(machine, engine, plan);
  if (options.timeline === true) engine.timeline = new TimelineRecorder(engine.accounts);
  const tape = new Tape();
  const replay = new Replay();
  const recorder = new Recorder(engine, tape, machine, plan, cache, () => {
    if (options.stepped === true) engine.run(tape);
    else replay.step(engine, tape);
    tape.clear();
  });
  const marks = runProgram(engine, recorder, program, placement);
  const phases = phaseSeconds(program, marks);
  const end = finalSnapshot(program, marks);
  const { metrics, warnings } = metricsOf({
    machine,
    program,
    phases,
    reading: engine.ledger.read(end),
    accounts: settled(engine),
    bound: lowerBound(machine, program.summary),
    events: engine.sim.events,
    cache:
      cache === null
        ? null
        : { memory: 'page_cache', hit_bytes: cache.hitBytes, miss_bytes: cache.missBytes, peak_bytes: cache.peakBytes },
    simulated_ns: engine.now,
    choices: plan.choices ?? {},
  });
  return {
    metrics: { ...metrics, ...plan.metrics },
    warnings: [...plan.warnings, ...warnings],
    ...(engine.timeline === null ? {} : { timeline: engine.timeline.finish(engine.now) }),
    ...(plan.layout && { layout: plan.layout }),
    ...(program.kv_layers && { kv_layers: program.kv_layers }),
  };
}

/** Instants at which the account was taken. */
interface Marks {
  /** End of each phase, in order. */
  readonly phaseEnds: Map<Phase, LedgerSnapshot>;
  sampleFrom: LedgerSnapshot | null;
  sampleTo: LedgerSnapshot | null;
}

function runProgram(engine: Engine, recorder: Recorder, program: Program, placement: Placement): Marks {
  const marks: Marks = { phaseEnds: new Map(), sampleFrom: null, sampleTo: null };
  const cursor = new ProgramCursor(program, placement.lookahead);
  const projected = program.measurement.kind === 'projected' ? program.measurement : null;
  const cut = program.measurement.kind === 'cut' ? program.measurement : null;
  let sampled = -1;
  let layer = -1;
  let step = -1;
  if (!cursor.next()) return marks;
  recorder.phase = cursor.op.phase;
  placement.begin?.(cursor, recorder);
  do {
    const { phase } = cursor.op;
    if (phase !== recorder.phase) {
      recorder.barrier();
      endPhase(engine, recorder.phase, marks);
      recorder.phase = phase;
      layer = -1;
    }
    if (projected !== null && phase === 'decode' && cursor.layer !== layer) {
      layer = cursor.layer;
      sampled += 1;
      if (sampled === projected.sample_from) {
        recorder.barrier();
        marks.sampleFrom = engine.ledger.snapshot(engine.now);
      }
      // What follows the sample is only there to be looked ahead at.
      if (sampled === projected.sample_to) break;
    }
    if (cut !== null && phase === 'decode' && cursor.op.step !== step) {
      step = cursor.op.step;
      sampled += 1;
      if (sampled === cut.settling) {
        recorder.barrier();
        marks.sampleFrom = engine.ledger.snapshot(engine.now);
      }
    }
    placement.onOp(cursor, recorder);
  } while (cursor.next());
  recorder.barrier();
  marks.sampleTo = endPhase(engine, recorder.phase, marks);
  return marks;
}

function endPhase(engine: Engine, phase: Phase, marks: Marks): LedgerSnapshot {
  const end = engine.ledger.snapshot(engine.now);
  marks.phaseEnds.set(phase, end);
  for (const account of engine.accounts) account.endPhase(phase);
  return end;
}

/** Seconds of each phase; decode that was sampled is extrapolated. */
function phaseSeconds(program: Program, marks: Marks): Map<Phase, number> {
  const phases = new Map<Phase, number>();
  let last = 0;
  for (const [phase, end] of marks.phaseEnds) {
    phases.set(phase, secondsFromNs(end.at_ns - last));
    last = end.at_ns;
  }
  const sample = sampleOf(program, marks);
  if (sample !== null) {
    const before = sample.base.at_ns - marks.phaseEnds.get('prefill')!.at_ns;
    phases.set('decode', secondsFromNs(before + sample.factor * (sample.to.at_ns - sample.from.at_ns)));
  }
  return phases;
}

function finalSnapshot(program: Program, marks: Marks): LedgerSnapshot {
  const ends = [...marks.phaseEnds.values()];
  const sample = sampleOf(program, marks);
  if (sample === null) return ends[ends.length - 1]!;
  return extrapolate(sample.base, sample.from, sample.to, sample.factor);
}

/** What stands for decode: all of it is what there was at `base`, and `factor` times what came between `from` and `to`. */
interface Sample {
  readonly base: LedgerSnapshot;
  readonly from: LedgerSnapshot;
  readonly to: LedgerSnapshot;
  readonly factor: number;
}

function sampleOf({ measurement, summary, layers }: Program, marks: Marks): Sample | null {
  const { sampleFrom: from, sampleTo: to } = marks;
  if (measurement.kind === 'full' || from === null || to === null) return null;
  const steps = summary.output_tokens - 1;
  if (measurement.kind === 'cut') {
    const factor = (steps - measurement.settling) / (measurement.steps - measurement.settling);
    return { base: from, from, to, factor };
  }
  const factor = (steps * layers.length) / (measurement.sample_to - measurement.sample_from);
  return { base: marks.phaseEnds.get('prefill')!, from, to, factor };
}

function hold(engine: Engine, plan: Plan): void {
  const held: Holding[] = [...plan.held, ...plan.files];
  engine.holders = (memory) => held.filter((holding) => holding.memory === memory);
  for (const { memory, kind, bytes } of held) {
    const account = engine.accounts.find((candidate) => candidate.id === memory);
    if (account === undefined) {
      engine.fabric.memory(memory);
      continue;
    }
    account.add(kindIndex(kind), bytes, 0);
  }
  for (const account of engine.accounts) {
    if (account.used <= account.capacity) continue;
    const holders = engine.holders(account.id);
    const what = holders.map((holding) => holding.what).join(', ');
    throw new DoesNotFitError(account.id, what, account.used, account.capacity, 0, holders);
  }
}

/** The page cache and its write-back, where files go through one. */
function filesOf(machine: Machine, engine: Engine, plan: Plan): PageCache | null {
  const { storage, host } = machine.roles;
  const disk = machine.memories.find((memory) => memory.id === storage);
  if (plan.files.length === 0 || disk?.page_cache === undefined || host === undefined || !plan.page_cache) return null;
  const account = engine.accounts.find((candidate) => candidate.id === disk.page_cache!.memory)!;
  const spare = Math.max(0, account.capacity - account.used);
  engine.writeBack = new WriteBack(
    engine.network,
    engine.ledger,
    engine.fabric.route(host, disk.id),
    spare * disk.page_cache.dirty_fraction,
  );
  return new PageCache(spare);
}

function settled(engine: Engine): readonly MemoryAccount[] {
  for (const account of engine.accounts) account.settle(engine.now);
  return engine.accounts;
}

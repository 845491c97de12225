import { DeadlockError, DoesNotFitError } from '../errors.ts';
import { Simulation } from '../kernel/simulation.ts';
import { secondsFromNs } from '../kernel/time.ts';
import { Ledger } from '../ledger.ts';
import { Fabric } from '../resources/fabric.ts';
import { FlowNetwork } from '../resources/flowNetwork.ts';
import { type MemoryAccount, TENSOR_KINDS } from '../resources/memoryAccount.ts';
import type { TimelineRecorder } from '../timeline.ts';
import type { Machine } from '../types/machine.ts';
import type { Holding } from '../types/policy.ts';
import type { EventOrder, OrderLog } from './eventOrder.ts';
import { MAX_PHASES, PHASE, PHASE_WORDS, TASK, TASK_WORDS, type Tape } from './tape.ts';
import type { WriteBack } from './writeBack.ts';

/** A first-come first-served server of several places; who waits, waits in order. */
interface Server {
  readonly places: number;
  busy: number;
  readonly waiting: number[];
  head: number;
  readonly activity: number;
  readonly name: string;
}

/**
 * Carries out the tasks of a tape on the machine's resources. A task waits for its dependencies, then for room in
 * memory, then for a place at its server; then its phases follow one another, each holding a copy engine if it names
 * one: a delay, then bytes over a path.
 */
export class Engine {
  readonly sim = new Simulation();
  readonly ledger = new Ledger();
  readonly network: FlowNetwork;
  readonly fabric: Fabric;
  readonly accounts: MemoryAccount[] = [];
  private readonly servers: Server[] = [];
  private readonly delayKind: number;
  writeBack: WriteBack | null = null;
  timeline: TimelineRecorder | null = null;
  holders: (memory: string) => readonly Holding[] = () => [];

  readonly machine: Machine;
  private tape: Tape | null = null;
  private waitsFor = new Int32Array(256);
  private edgeHead = new Int32Array(256);
  private edgeNext = new Int32Array(256);
  private phaseOf = new Uint8Array(256);
  private startedNs = new Float64Array(256);
  private causedBy = new Int32Array(256);
  private left = 0;
  /** Writes down what is done, where that is wanted. */
  private log: OrderLog | null = null;
  private readonly ready: number[] = [];
  private draining = false;
  /** Tasks waiting for room, per memory, first come first served. */
  private readonly waitingForRoom: number[][] = [];
  /** True when some task of the current tape had to wait for room. */
  blocked = false;

  constructor(machine: Machine) {
    this.machine = machine;
    this.network = new FlowNetwork(this.sim, (owner) => this.flowDone(owner));
    this.fabric = new Fabric(machine, this.network, this.ledger);
    this.delayKind = this.sim.register((task) => {
      this.log?.delayEnded(task);
      this.delayDone(task);
    });
    for (let i = 0; i < this.fabric.engines.length; i++) {
      this.addServer(`copy engine ${i}`, this.fabric.engines[i]!, this.fabric.engineActivity[i]!);
    }
  }

  /** Adds a server and returns its number. */
  addServer(name: string, places: number, activity: number): number {
    return this.servers.push({ name, places, busy: 0, waiting: [], head: 0, activity }) - 1;
  }

  addAccount(account: MemoryAccount): number {
    this.waitingForRoom.push([]);
    return this.accounts.push(account) - 1;
  }

  get now(): number {
    return this.sim.now;
  }

  /**
   * Runs every task of the tape to its end, and writes down what happens in which order.
   *
   * @throws DoesNotFitError, DeadlockError
   */
  run(tape: Tape, log: OrderLog | null = null): void {
    this.load(tape);
    this.log = log;
    this.network.watcher = log;
    for (let task = 0; task < tape.tasks; task++) if (this.waitsFor[task] === 0) this.ready.push(task);
    this.drainReady();
    while (this.left > 0) {
      if (this.sim.pending === 0) this.reportStuck(tape);
      // Events of one instant run together; the last task may end in the middle of a write-back.
      this.sim.run(this.sim.nextTime);
    }
    this.tape = null;
    this.log = null;
    this.network.watcher = null;
  }

  /** Does the same as `run`, where the tape's events come in this order; else does nothing and returns false. */
  runInOrder(tape: Tape, order: EventOrder): boolean {
    const { sim, accounts, ledger } = this;
    if (!order.time(tape, sim.now, accounts)) return false;
    this.blocked = false;
    sim.run(order.apply(tape, sim.now, ledger, accounts));
    sim.count(order.events);
    return true;
  }

  private load(tape: Tape): void {
    this.tape = tape;
    this.blocked = false;
    this.left = tape.tasks;
    if (tape.tasks > this.waitsFor.length) {
      const size = 2 * tape.tasks;
      this.waitsFor = new Int32Array(size);
      this.edgeHead = new Int32Array(size);
      this.phaseOf = new Uint8Array(size);
      this.startedNs = new Float64Array(size);
      this.causedBy = new Int32Array(size);
    }
    if (tape.edges > this.edgeNext.length) this.edgeNext = new Int32Array(2 * tape.edges);
    this.waitsFor.fill(0, 0, tape.tasks);
    this.causedBy.fill(-1, 0, tape.tasks);
    this.edgeHead.fill(-1, 0, tape.tasks);
    for (let edge = tape.edges - 1; edge >= 0; edge--) {
      const from = tape.from[edge]!;
      this.edgeNext[edge] = this.edgeHead[from]!;
      this.edgeHead[from] = edge;
      this.waitsFor[tape.to[edge]!]! += 1;
    }
    this.timeline?.beginStep(tape.tasks);
  }

  private drainReady(): void {
    if (this.draining) return;
    this.draining = true;
    const { ready } = this;
    if (ready.length > 0) {
      for (let i = 0; i < ready.length; i++) this.admit(ready[i]!);
      ready.length = 0;
    }
    this.draining = false;
  }

  /** Room in memory first. */
  private admit(task: number): void {
    const words = this.tape!.words;
    const base = task * TASK_WORDS;
    const memory = words[base + TASK.allocateMemory]!;
    if (memory >= 0) {
      const account = this.accounts[memory]!;
      const waiting = this.waitingForRoom[memory]!;
      if (waiting.length > 0 || !account.fits(words[base + TASK.allocateBytes]!)) {
        this.blocked = true;
        waiting.push(task);
        return;
      }
      account.add(words[base + TASK.allocateKind]!, words[base + TASK.allocateBytes]!, this.sim.now);
      this.log?.allocate(task);
      this.timeline?.occupancy(memory, this.sim.now);
    }
    this.enter(task);
  }

  /** Then a place at the server. */
  private enter(task: number): void {
    const server = this.tape!.words[task * TASK_WORDS + TASK.server]!;
    if (server >= 0 && !this.acquire(server, task)) return;
    this.begin(task);
  }

  private begin(task: number): void {
    const words = this.tape!.words;
    const base = task * TASK_WORDS;
    const now = this.sim.now;
    const tag = words[base + TASK.tag]!;
    if (tag >= 0) this.turnOn(tag);
    this.startedNs[task] = now;
    this.phaseOf[task] = 0;
    if (words[base + TASK.phases] === 0) this.finish(task);
    else this.enterPhase(task);
  }

  private phaseBase(task: number): number {
    return task * TASK_WORDS + TASK.phase0 + this.phaseOf[task]! * PHASE_WORDS;
  }

  private enterPhase(task: number): void {
    const engine = this.tape!.words[this.phaseBase(task) + PHASE.engine]!;
    if (engine >= 0 && !this.acquire(engine, task)) return;
    this.beginPhase(task);
  }

  private beginPhase(task: number): void {
    const at = this.phaseBase(task);
    const delay = this.tape!.words[at + PHASE.delayNs]!;
    if (delay > 0) {
      this.log?.schedule(task, at);
      this.sim.after(delay, this.delayKind, task);
    } else this.delayDone(task);
  }

  private delayDone(task: number): void {
    const words = this.tape!.words;
    const at = this.phaseBase(task);
    const bytes = words[at + PHASE.bytes]!;
    if (bytes > 0) {
      const path = words[at + PHASE.path]!;
      for (const activity of this.fabric.pathActivities[path]!) this.turnOn(activity);
      this.log?.start(at);
      this.network.start(path, bytes, words[at + PHASE.limit]!, task);
    } else {
      this.phaseDone(task);
      this.drainReady();
    }
  }

  private flowDone(owner: number): void {
    if (owner < 0) {
      this.writeBack!.done(this.sim.now);
      return;
    }
    const path = this.tape!.words[this.phaseBase(owner) + PHASE.path]!;
    for (const activity of this.fabric.pathActivities[path]!) this.turnOff(activity);
    this.phaseDone(owner);
    this.drainReady();
  }

  private phaseDone(task: number): void {
    const engine = this.tape!.words[this.phaseBase(task) + PHASE.engine]!;
    if (engine >= 0) this.release(engine);
    const next = this.phaseOf[task]! + 1;
    if (next < MAX_PHASES && next < this.tape!.words[task * TASK_WORDS + TASK.phases]!) {
      this.phaseOf[task] = next;
      this.enterPhase(task);
    } else {
      this.finish(task);
    }
  }

  private finish(task: number): void {
    const tape = this.tape!;
    const words = tape.words;
    const base = task * TASK_WORDS;
    const now = this.sim.now;
    const dirty = words[base + TASK.dirtyBytes]!;
    if (dirty > 0) this.writeBack!.add(dirty, now);
    const tag = words[base + TASK.tag]!;
    if (tag >= 0) this.turnOff(tag);
    const server = words[base + TASK.server]!;
    if (server >= 0) this.release(server);
    this.timeline?.span(task, tape, this.startedNs[task]!, now, this.causedBy[task]!);
    const memory = words[base + TASK.freeMemory]!;
    if (memory >= 0) {
      this.accounts[memory]!.add(words[base + TASK.freeKind]!, -words[base + TASK.freeBytes]!, now);
      this.log?.free(task);
      this.timeline?.occupancy(memory, now);
      this.admitWaiting(memory);
    }
    this.left -= 1;
    for (let edge = this.edgeHead[task]!; edge >= 0; edge = this.edgeNext[edge]!) {
      const successor = tape.to[edge]!;
      if (--this.waitsFor[successor]! === 0) {
        this.causedBy[successor] = task;
        this.ready.push(successor);
        this.log?.ready(successor);
      } else this.log?.awaits(successor);
    }
  }

  private admitWaiting(memory: number): void {
    const waiting = this.waitingForRoom[memory]!;
    if (waiting.length === 0) return;
    const retry = waiting.splice(0);
    for (const task of retry) this.ready.push(task);
  }

  private acquire(index: number, task: number): boolean {
    const server = this.servers[index]!;
    if (server.busy === server.places) {
      server.waiting.push(task);
      return false;
    }
    server.busy += 1;
    this.turnOn(server.activity);
    return true;
  }

  private release(index: number): void {
    const server = this.servers[index]!;
    if (server.head < server.waiting.length) {
      const next = server.waiting[server.head++]!;
      if (server.head === server.waiting.length) {
        server.waiting.length = 0;
        server.head = 0;
      }
      this.log?.passed(next);
      // The place passes on; the server stays busy. A task that waits at its own server has not begun yet.
      if (index < this.fabric.engines.length) this.beginPhase(next);
      else this.begin(next);
      return;
    }
    server.busy -= 1;
    this.turnOff(server.activity);
  }

  private turnOn(activity: number): void {
    if (this.ledger.begin(activity, this.sim.now)) this.log?.on(activity);
  }

  private turnOff(activity: number): void {
    if (this.ledger.end(activity, this.sim.now)) this.log?.off(activity);
  }

  /** What a task does, for the report of who waits for whom. */
  private describe(task: number): string {
    const server = this.tape!.words[task * TASK_WORDS + TASK.server]!;
    const what =
      server >= 0
        ? ` on ${this.servers[server]!.name}`
        : this.tape!.words[task * TASK_WORDS + TASK.phases]! > 0
          ? ' on a link'
          : '';
    return `task ${task}${what}`;
  }

  private reportStuck(tape: Tape): never {
    const atS = secondsFromNs(this.sim.now);
    const short = this.waitingForRoom.findIndex((waiting) => waiting.length > 0);
    if (short >= 0) {
      const task = this.waitingForRoom[short]![0]!;
      const account = this.accounts[short]!;
      const base = task * TASK_WORDS;
      const kind = TENSOR_KINDS[tape.words[base + TASK.allocateKind]!]!;
      const bytes = tape.words[base + TASK.allocateBytes]!;
      const held = this.holders(account.id);
      const later = TENSOR_KINDS.map((name, i) => {
        const planned = held.reduce((sum, holding) => (holding.kind === name ? sum + holding.bytes : sum), 0);
        return { what: name, bytes: account.usedByKind[i]! - planned };
      }).filter(({ bytes: rest }) => rest > 0);
      throw new DoesNotFitError(
        account.id,
        `what is there and a ${kind} block of ${bytes} bytes that waits for room`,
        account.used + bytes,
        account.capacity,
        atS,
        [...held, ...later],
      );
    }
    const waiting: string[] = [];
    for (let edge = 0; edge < tape.edges && waiting.length < 16; edge++) {
      const [from, to] = [tape.from[edge]!, tape.to[edge]!];
      if (this.waitsFor[to]! > 0) waiting.push(`${this.describe(to)} for ${this.describe(from)}`);
    }
    throw new DeadlockError(waiting, atS);
  }
}

import { MissingFactError } from '../../sim/errors.ts';
import {
  type Actions,
  type KvTransfer,
  type KvUse,
  type Machine,
  NONE,
  type Role,
  type Task,
} from '../../sim/types/index.ts';

/** Queue of what may go on under the layer before or after. */
const FETCH = 'kv_fetch';
const STORE = 'kv_store';

/**
 * What a KV policy asks of memories and links around one attention op: bytes that appear and go, what is fetched
 * before, what is written away behind it. Host memory is held pinned, as offloading systems do.
 */
export class KvCache {
  private readonly machine: Machine;
  /** The end of the op before: what a fetch that nothing hides waits for. */
  private opBefore: Task = NONE;
  /** The end of the op before that one: from then on a hidden fetch may take its buffer. */
  private earlier: Task = NONE;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** A barrier has ended all that was asked for. */
  newStep(): void {
    this.opBefore = NONE;
    this.earlier = NONE;
  }

  /** The task after which the op may attend. */
  before(actions: Actions, use: KvUse, after: Task): Task {
    for (const { role, kind, bytes } of use.freed_before) actions.free(this.memory(role), kind, bytes, after);
    const hidden = use.fetches.length > 0 && use.fetches.every(({ overlap }) => overlap !== 'none');
    const from = hidden ? this.earlier : after;
    const rooms: Task[] = [from];
    for (const { role, kind, bytes } of use.added) rooms.push(actions.allocate(this.memory(role), kind, bytes, from));
    const room = actions.join(rooms);
    const fetched = use.fetches.map((fetch) => this.fetch(actions, fetch, room));
    return actions.join([after, room, ...fetched]);
  }

  after(actions: Actions, use: KvUse, done: Task): void {
    this.earlier = this.opBefore;
    this.opBefore = done;
    const stored = use.stores.map((store) => this.move(actions, store, done, STORE, 'kv_write'));
    const all = stored.length === 0 ? done : actions.join([done, ...stored]);
    for (const { role, kind, bytes } of use.freed) actions.free(this.memory(role), kind, bytes, all);
  }

  /** A fetch that nothing hides waits for the layer before; a hidden one only for its own queue. */
  private fetch(actions: Actions, request: KvTransfer, room: Task): Task {
    const after = request.overlap === 'none' ? actions.join([room, this.opBefore]) : room;
    return this.move(actions, request, after, FETCH, 'kv_read');
  }

  private move(
    actions: Actions,
    { from, to, bytes, pieces }: KvTransfer,
    after: Task,
    queue: string,
    stream: 'kv_read' | 'kv_write',
  ): Task {
    let last = after;
    for (let piece = 0; piece < pieces; piece++) {
      last = actions.move({
        from: this.memory(from),
        to: this.memory(to),
        bytes: bytes / pieces,
        stream,
        host_memory: 'pinned',
        queue,
        workers: null,
        limit_bytes_per_s: Number.POSITIVE_INFINITY,
        after,
      });
    }
    return last;
  }

  private memory(role: Role): string {
    const id = this.machine.roles[role];
    if (id === undefined)
      throw new MissingFactError(`machine "${this.machine.id}" has no ${role} memory, which the KV policy needs`);
    return id;
  }
}

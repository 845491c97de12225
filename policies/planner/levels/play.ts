import type { Action, LevelGame, LevelPlan } from './plan.ts';

/** What an agent sees before it acts. */
export interface PlayState {
  readonly schema: 'tierflow/play/1';
  readonly done: boolean;
  /** Seconds of the program if all that follows stays in the slowest memory. */
  readonly elapsed_s: number;
  /** The access to decide, absent when done. */
  readonly access?: {
    readonly number: number;
    readonly of: number;
    readonly op: number;
    readonly name: string;
    readonly buffer: string;
    readonly bytes: number;
    readonly write: boolean;
  };
  /** What is allowed; an agent answers with a place in this list. */
  readonly actions: readonly Action[];
  /** Bytes of the fast memories taken so far, from one op to another. */
  readonly fast: readonly {
    readonly buffer: string;
    /** Which of the fast memories, where there are several. */
    readonly in?: number;
    readonly from: number;
    readonly to: number;
    readonly at: number;
  }[];
}

export type PlayReply =
  | { readonly state: PlayState }
  | { readonly state: PlayState; readonly reward: number }
  | { readonly error: string };

/**
 * The mapping game for agents: one JSON document a line. `{"reset": true}` begins again and gives the first state;
 * `{"action": n}` takes the n-th allowed action and gives the next state and the reward, the seconds it saved.
 */
export class PlaySession {
  private readonly game: LevelGame;
  private plan: LevelPlan;
  private next = 0;
  private elapsed_s: number;

  constructor(game: LevelGame) {
    this.game = game;
    this.plan = game.empty;
    this.elapsed_s = game.elapsed(game.empty);
  }

  answer(line: string): PlayReply {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return { error: 'this is no JSON' };
    }
    if (typeof message !== 'object' || message === null) return { error: 'expected {"reset": true} or {"action": n}' };
    if ('reset' in message) {
      this.plan = this.game.empty;
      this.next = 0;
      this.elapsed_s = this.game.elapsed(this.plan);
      return { state: this.state() };
    }
    if (!('action' in message)) return { error: 'expected {"reset": true} or {"action": n}' };
    const options = this.options();
    if (options.length === 0) return { error: 'the game is over; reset it' };
    const chosen = options[message.action as number];
    if (!chosen) return { error: `action ${JSON.stringify(message.action)} is not one of 0 to ${options.length - 1}` };
    this.plan = chosen.plan;
    this.next++;
    const elapsed = this.game.elapsed(this.game.dropRest(this.plan, this.next));
    const reward = this.elapsed_s - elapsed;
    this.elapsed_s = elapsed;
    return { state: this.state(), reward };
  }

  state(): PlayState {
    const { game, next, plan, elapsed_s } = this;
    const { accesses, program } = game;
    const name = (buffer: number): string => program.buffers[buffer]!.id;
    const several = game.fast.length > 1;
    const fast = plan.residences.map(({ buffer, memory, from, to, at }) => ({
      buffer: name(buffer),
      ...(several && { in: memory }),
      from,
      to,
      at,
    }));
    const schema = 'tierflow/play/1' as const;
    const access = accesses[next];
    if (!access) return { schema, done: true, elapsed_s, actions: [], fast };
    const { op, buffer, write } = access;
    const { bytes } = program.buffers[buffer]!;
    return {
      schema,
      done: false,
      elapsed_s,
      access: {
        number: next,
        of: accesses.length,
        op,
        name: program.ops[op]!.name,
        buffer: name(buffer),
        bytes,
        write,
      },
      actions: this.options().map(({ action }) => action),
      fast,
    };
  }

  private options() {
    return this.next < this.game.accesses.length ? this.game.options(this.plan, this.next, 8) : [];
  }
}

import type { KvUse, Op, OpCollective, Segment, StateUse } from '../../sim/types/index.ts';
import { COMPUTE_BYTES } from '../models/model.ts';
import type { Mixer } from '../models/schema.ts';
import { weightShapes } from '../models/weights.ts';
import { attentionWork } from './attention.ts';
import { chosenBytes, embedWork, headWork, tokenBytes } from './ends.ts';
import { mixingWork } from './mixing.ts';
import { mlpWork } from './mlp.ts';
import type { Passes } from './passes.ts';
import { hiddenBytes, rowsBytes, type Setting, type Step } from './setting.ts';
import { subLayers, type TokenSize } from './tensors.ts';
import type { Work } from './walk.ts';

export type SubLayer = 'embed' | 'attention' | 'mlp' | 'head';

/** What kind of sub-layer stands at index `j`. */
export function subLayerAt(j: number, layers: number): SubLayer {
  if (j === 0) return 'embed';
  if (j === subLayers(layers) - 1) return 'head';
  return j % 2 === 1 ? 'attention' : 'mlp';
}

/** A sub-layer's work for one batch, with what enters and leaves it and its use of the KV cache. */
export interface SubLayerWork extends Work {
  readonly input_bytes: number;
  readonly output_bytes: number;
  readonly state: Omit<StateUse, 'tensors'> | null;
  /** What devices that share the model exchange after it. */
  readonly collective: OpCollective | null;
}

/** Works that are kept; beyond them each is computed whenever it is asked for. */
const MOST_KNOWN = 8192;
/** Likewise of attention under a policy, whose uses come in the order of the passes. */
const MOST_USES = 65_536;

/**
 * The work of every (sub-layer, step), computed once: only attention depends on the context, so passes of as many tokens
 * share the rest, kernels and all.
 */
export class WorkTable {
  readonly #setting: Setting;
  readonly #token: TokenSize;
  readonly #last_step: number;
  readonly #weights: ReturnType<typeof weightShapes>;
  readonly #known = new Map<string, SubLayerWork>();
  /** Of attention under a KV policy; equal uses are one object. */
  readonly #ofUse = new Map<KvUse, SubLayerWork>();

  constructor(setting: Setting, token: TokenSize, last_step: number) {
    this.#setting = setting;
    this.#token = token;
    this.#last_step = last_step;
    this.#weights = weightShapes(setting.model);
  }

  at(kind: SubLayer, step: Step): SubLayerWork {
    if (kind === 'attention' && step.use !== undefined) return this.#underPolicy(step, step.use);
    const key = kind === 'attention' ? `${kind} ${step.step}` : `${kind} ${step.tokens} ${step.phase}`;
    let work = this.#known.get(key);
    if (!work) {
      work = this.#compute(kind, step);
      if (this.#known.size < MOST_KNOWN) this.#known.set(key, work);
    }
    return work;
  }

  #underPolicy(step: Step, use: KvUse): SubLayerWork {
    // The last token is not stored, so its op is another one.
    const last = step.phase === 'decode' && step.step === this.#last_step;
    const known = last ? undefined : this.#ofUse.get(use);
    if (known !== undefined) return known;
    const { phase, tokens, mixer } = step;
    const pass = { phase, step: step.step, tokens, context: use.read_tokens, use };
    const work = this.#compute('attention', mixer === undefined ? pass : { ...pass, mixer });
    if (!last) {
      if (this.#ofUse.size >= MOST_USES) this.#ofUse.clear();
      this.#ofUse.set(use, work);
    }
    return work;
  }

  #compute(kind: SubLayer, step: Step): SubLayerWork {
    const setting = this.#setting;
    const mixer: Mixer | undefined = step.mixer === undefined ? undefined : setting.model.mixers[step.mixer];
    const weights = kind === 'attention' && mixer ? this.#weights.mixers[step.mixer!]! : this.#weights[kind];
    const hidden = hiddenBytes(setting, step);
    // A parallel block carries its own input along with the output of attention.
    const between = setting.model.parallel ? 2 * hidden : hidden;
    const made = (work: Work, input_bytes: number, output_bytes: number, state: SubLayerWork['state'] = null) => ({
      kernels: work.kernels,
      scratch_bytes: work.scratch_bytes,
      input_bytes,
      output_bytes,
      state,
      collective: this.#collective(kind, step),
    });
    switch (kind) {
      case 'embed':
        return made(embedWork(setting, step, weights), tokenBytes(setting, step), hidden);
      case 'attention':
        return made(
          mixer && mixer.kind !== 'window'
            ? mixingWork(setting, step, mixer, weights)
            : attentionWork(setting, step, weights),
          hidden,
          between,
          this.#stateUse(step),
        );
      case 'mlp':
        return made(mlpWork(setting, step, weights), between, hidden);
      case 'head':
        return made(headWork(setting, step, weights), hidden, chosenBytes(setting));
    }
  }

  /** Shares of the hidden state are summed once a sub-layer, in a parallel block once for both; those of the logits are put together. */
  #collective(kind: SubLayer, step: Step): OpCollective | null {
    const { devices, model, batch, logits } = this.#setting;
    if (devices === 1 || (kind === 'attention' && model.parallel)) return null;
    if (kind !== 'head') return { kind: 'all-reduce', bytes: rowsBytes(this.#setting, step, model.hidden) };
    const rows = logits === 'last' ? batch : batch * step.tokens;
    return { kind: 'all-gather', bytes: rows * devices * model.vocab * COMPUTE_BYTES };
  }

  /** Keys and values of the last decode token are read by nobody, so they are not stored (FlexGen, `store_cache`). */
  #stateUse({ phase, step, tokens, context, use }: Step): Omit<StateUse, 'tensors'> {
    const stored = phase === 'prefill' || step < this.#last_step;
    if (use !== undefined) {
      return {
        read_tokens: use.read_tokens,
        write_tokens: stored ? use.write_tokens : 0,
        bytes_per_token: phase === 'decode' ? use.read_bytes_per_token : use.write_bytes_per_token,
        elements_per_token: this.#token.elements,
        use,
      };
    }
    return {
      read_tokens: context,
      write_tokens: stored ? tokens : 0,
      bytes_per_token: this.#token.bytes,
      elements_per_token: this.#token.elements,
    };
  }
}

/** Prefill is step 0; decode step i attends over `prompt + i - 1` stored tokens and its own. */
export function stepAt(step: number, prompt: number): Step {
  return step === 0
    ? { phase: 'prefill', step, tokens: prompt, context: 0 }
    : { phase: 'decode', step, tokens: 1, context: prompt + step - 1 };
}

function opOf(
  name: SubLayer,
  { phase, step }: Step,
  layer: number,
  batch: number,
  { kernels, scratch_bytes, input_bytes, output_bytes, state, collective }: SubLayerWork,
  tensors: readonly number[],
): Op {
  return {
    name,
    phase,
    step,
    layer,
    batch,
    kernels,
    state: state && withTensors(state, tensors),
    input_bytes,
    output_bytes,
    scratch_bytes,
    ...(collective !== null && { collective }),
  };
}

function withTensors(state: Omit<StateUse, 'tensors'>, tensors: readonly number[]): StateUse {
  const { read_tokens, write_tokens, bytes_per_token, elements_per_token, use } = state;
  const plain = { tensors, read_tokens, write_tokens, bytes_per_token, elements_per_token };
  return use === undefined ? plain : { ...plain, use };
}

/**
 * The first `count` sub-layers of one step, zig-zag: every sub-layer runs for all batches before the next begins
 * (FlexGen, ICML 2023, section 4.1, the block schedule). Neighbouring layers that do the same are one body, repeated.
 */
export function* stepSegments(
  table: WorkTable,
  step: Step,
  layers: number,
  stateOf: (layer: number, batch: number) => readonly number[],
  batches: number,
  count: number,
  passes: Passes,
): Generator<Segment> {
  const ops = (layer: number): Op[] => {
    const kind = subLayerAt(layer, layers);
    const at = kind === 'attention' ? passes.attention(step, (layer - 1) / 2) : step;
    const work = table.at(kind, at);
    const made: Op[] = [];
    for (let batch = 0; batch < batches; batch++)
      made.push(opOf(kind, step, layer, batch, work, stateOf(layer, batch)));
    return made;
  };
  if (count <= 0) return;
  yield { repeat: 1, layer_stride: 0, ops: ops(0) };
  const pairs = Math.min(layers, Math.floor((count - 1) / 2));
  for (let from = 0; from < pairs; ) {
    const use = passes.use(step, from);
    let to = from + 1;
    while (to < pairs && passes.use(step, to) === use) to += 1;
    yield { repeat: to - from, layer_stride: 2, ops: [...ops(1 + 2 * from), ...ops(2 + 2 * from)] };
    from = to;
  }
  const next = 1 + 2 * pairs;
  if (next < count) yield { repeat: 1, layer_stride: 0, ops: ops(next) };
}

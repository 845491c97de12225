import type { KvPass, KvPolicy, KvShape, KvUse } from '../../sim/types/index.ts';
import { actsOn, layerWeights } from './budget.ts';
import { type Forms, formsOf } from './forms.ts';
import { EMPTY, PassCount, type State } from './passCount.ts';
import type { PresetFields, StageFields } from './schema.ts';
import { indexBytes, indexEntries } from './work.ts';

/** A stage as it acts on one layer. */
interface LayerStage {
  readonly stage: StageFields;
  readonly weight: number;
}

interface Group {
  readonly stages: readonly LayerStage[];
  /** After each pass, from the first on. */
  readonly states: State[];
  readonly uses: KvUse[];
  peakTokens: number;
  peakBytes: number;
  /** Bytes of the fast memory that its first pass takes for all later ones; null where room grows with the tokens. */
  reserved: number | null;
}

/**
 * The counts fidelity: how many tokens a layer's cache holds in which form after every pass, and so what each op reads,
 * writes, moves and computes. Layers with the same stages and budgets are one group and share every use.
 */
export class KvEngine implements KvPolicy {
  readonly name: string;
  readonly prefill_tokens: readonly number[];
  readonly reused_tokens: number;
  readonly warnings: readonly string[];
  private readonly spec: PresetFields;
  private readonly shape: KvShape;
  private readonly forms: Forms;
  private readonly groupOf: readonly Group[];

  constructor(spec: PresetFields, shape: KvShape, warnings: readonly string[] = []) {
    this.spec = spec;
    this.shape = shape;
    this.name = spec.id;
    this.warnings = warnings;
    this.forms = formsOf(spec, shape);
    this.groupOf = groupsOf(spec, shape);
    const { prompt_tokens: prompt } = shape;
    const { reuse } = spec;
    this.reused_tokens = reuse === undefined ? 0 : Math.floor(prompt * reuse.ratio * (1 - reuse.recompute) + 1e-9);
    const chunk = spec.stages.find(({ when }) => when === 'prefill_chunk')?.every ?? prompt;
    this.prefill_tokens = chunks(prompt - this.reused_tokens, chunk);
  }

  use(layer: number, pass: KvPass): KvUse {
    const group = this.groupOf[layer]!;
    for (let index = group.uses.length; index <= pass.index; index++) this.advance(group, index);
    return group.uses[pass.index]!;
  }

  peakTokens(layer: number): number {
    return this.finished(layer).peakTokens;
  }

  peakBytes(layer: number): number {
    return this.finished(layer).peakBytes;
  }

  endTokens(layer: number): number {
    const { hot, low, far } = this.finished(layer).states.at(-1)!;
    return hot + low + far;
  }

  indexBytes(_layer: number): number {
    const { prompt_tokens, output_tokens } = this.shape;
    return this.indexBytesOf(prompt_tokens + output_tokens - 1);
  }

  private finished(layer: number): Group {
    const group = this.groupOf[layer]!;
    const passes = this.prefill_tokens.length + this.shape.output_tokens - 1;
    for (let index = group.uses.length; index < passes; index++) this.advance(group, index);
    return group;
  }

  private passAt(index: number): KvPass {
    const prefills = this.prefill_tokens.length;
    const { prompt_tokens } = this.shape;
    if (index >= prefills) {
      const step = index - prefills + 1;
      return { index, phase: 'decode', step, tokens: 1, seen: prompt_tokens + step - 1 };
    }
    const before = this.prefill_tokens.slice(0, index).reduce((sum, tokens) => sum + tokens, this.reused_tokens);
    return { index, phase: 'prefill', step: 0, tokens: this.prefill_tokens[index]!, seen: before };
  }

  /** Works out one more pass of a group. */
  private advance(group: Group, index: number): void {
    const pass = this.passAt(index);
    const before = index === 0 ? { ...EMPTY, hot: this.reused_tokens } : group.states[index - 1]!;
    const step = this.counted(group, pass, before);
    if (index === 0 && this.spec.layout.room === 'reserved') group.reserved = this.mostHeld(group);
    const indexGrown = this.indexBytesOf(pass.seen + pass.tokens) - (index === 0 ? 0 : this.indexBytesOf(pass.seen));
    const use = step.use(indexGrown, index === 0 ? this.reused_tokens : 0, group.reserved);
    const last = group.uses[index - 1];
    group.uses.push(last !== undefined && sameUse(last, use) ? last : use);
    group.states.push(step.after());
    const held = step.after();
    group.peakTokens = Math.max(group.peakTokens, held.hot + held.low + held.far + held.leaving + step.spareSlots);
    group.peakBytes = Math.max(group.peakBytes, this.bytesOf(held) + step.spareSlots * this.forms.hot_bytes);
  }

  /** A pass over a layer of the group, its stages applied. */
  private counted(group: Group, pass: KvPass, before: State): PassCount {
    const lastPrefill = pass.index === this.prefill_tokens.length - 1;
    const count = new PassCount(this.spec, this.shape, this.forms, pass, before, lastPrefill);
    for (const { stage, weight } of group.stages) count.apply(stage, weight);
    return count;
  }

  /** The most bytes of the fast memory that a layer of the group keeps after any pass. */
  private mostHeld(group: Group): number {
    const passes = this.prefill_tokens.length + this.shape.output_tokens - 1;
    let state: State = { ...EMPTY, hot: this.reused_tokens };
    let most = 0;
    for (let index = 0; index < passes; index++) {
      const step = this.counted(group, this.passAt(index), state);
      state = step.after();
      most = Math.max(most, step.fastBytes());
    }
    return most;
  }

  private bytesOf({ hot, low, far, leaving }: State): number {
    return (hot + far + leaving) * this.forms.hot_bytes + low * this.forms.low_bytes;
  }

  private indexBytesOf(tokens: number): number {
    return indexBytes(this.spec, this.shape, indexEntries(this.spec, tokens));
  }
}

function chunks(tokens: number, size: number): number[] {
  const whole = Math.floor(tokens / size);
  const rest = tokens - whole * size;
  const list = Array.from({ length: whole }, () => size);
  if (rest > 0 || list.length === 0) list.push(Math.max(1, rest));
  return list;
}

/** Layers by what acts on them; a share of layers that keep no cache of their own is spread over the depth. */
function groupsOf(spec: PresetFields, { layers }: KvShape): Group[] {
  const weights = spec.stages.map((stage) => layerWeights(stage.budget, layers));
  const known = new Map<string, Group>();
  return Array.from({ length: layers }, (_, layer) => {
    const stages = spec.stages
      .map((stage, i) => ({ stage, weight: weights[i]![layer]! }))
      .filter(({ stage }) => actsOn(stage, layer, layers));
    const key = stages.map(({ stage, weight }) => `${spec.stages.indexOf(stage)}:${weight}`).join(' ');
    const group = known.get(key) ?? { stages, states: [], uses: [], peakTokens: 0, peakBytes: 0, reserved: null };
    known.set(key, group);
    return group;
  });
}

/** Whether two passes ask the same, so that a steady state is one object (and its op is simulated once). */
function sameUse(a: KvUse, b: KvUse): boolean {
  return (
    a.read_tokens === b.read_tokens &&
    a.write_tokens === b.write_tokens &&
    a.read_bytes_per_token === b.read_bytes_per_token &&
    a.kernels.length === b.kernels.length &&
    JSON.stringify(a) === JSON.stringify(b)
  );
}

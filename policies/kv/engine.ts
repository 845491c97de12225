import type { Kernel, KvChange, KvPass, KvPolicy, KvShape, KvTransfer, KvUse, Role } from '../../sim/types/index.ts';
import { windowPairShare } from '../../sim/windowPairs.ts';
import { actsOn, budgetTokens, layerWeights, protectedTokens } from './budget.ts';
import { type Forms, formsOf, headShare, scaledForms } from './forms.ts';
import type { PresetFields, StageFields } from './schema.ts';
import { copyKernel, indexBuild, indexBytes, indexEntries, joinKernel, selectionWork } from './work.ts';

/** Tokens of one layer's cache by where and how they lie; means over heads. */
interface State {
  readonly hot: number;
  readonly low: number;
  readonly far: number;
  /** Gone at the end of prefill, and given back when the next pass begins. */
  readonly leaving: number;
  /** Far already, and still on the fast memory until then. */
  readonly copied: number;
}

const EMPTY: State = { hot: 0, low: 0, far: 0, leaving: 0, copied: 0 };

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
    const step = new PassCount(
      this.spec,
      this.shape,
      this.forms,
      pass,
      before,
      index === this.prefill_tokens.length - 1,
    );
    for (const { stage, weight } of group.stages) step.apply(stage, weight);
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

  /** The most bytes of the fast memory that a layer of the group keeps after any pass. */
  private mostHeld(group: Group): number {
    const passes = this.prefill_tokens.length + this.shape.output_tokens - 1;
    let state: State = { ...EMPTY, hot: this.reused_tokens };
    let most = 0;
    for (let index = 0; index < passes; index++) {
      const lastPrefill = index === this.prefill_tokens.length - 1;
      const step = new PassCount(this.spec, this.shape, this.forms, this.passAt(index), state, lastPrefill);
      for (const { stage, weight } of group.stages) step.apply(stage, weight);
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

/** The tokens of one pass over one layer as the stages change them, and the work they cause. */
class PassCount {
  spareSlots = 0;
  private readonly kernels: Kernel[] = [];
  private readonly stores: KvTransfer[] = [];
  private hot: number;
  private low: number;
  private far: number;
  private leaving = 0;
  private copied = 0;
  private readLimit = Number.POSITIVE_INFINITY;
  private pairShare = 1;
  private scratch = 0;
  private replaced = 0;
  private indexRead = 0;
  private parted = false;
  private indexKeys = 0;
  private readonly spec: PresetFields;
  private readonly shape: KvShape;
  private readonly forms: Forms;
  private readonly pass: KvPass;
  private readonly before: State;
  private readonly lastPrefill: boolean;

  constructor(spec: PresetFields, shape: KvShape, forms: Forms, pass: KvPass, before: State, lastPrefill: boolean) {
    this.spec = spec;
    this.shape = shape;
    this.forms = forms;
    this.pass = pass;
    this.before = before;
    this.lastPrefill = lastPrefill;
    this.hot = before.hot + pass.tokens;
    this.low = before.low;
    this.far = before.far;
  }

  apply(stage: StageFields, weight: number): void {
    if (!this.fires(stage)) return;
    const { pass, shape } = this;
    if (stage.masked && pass.phase === 'prefill') {
      const window = protectedTokens(stage, shape.prompt_tokens);
      const share = windowPairShare(pass.tokens, Math.min(pass.seen, window), window);
      this.pairShare *= stage.heads * share + 1 - stage.heads;
    }
    const context = pass.seen + pass.tokens;
    const slots = stage.budget?.slots === true;
    const budget = budgetTokens(stage, weight, shape, context);
    const { action } = stage.rest;
    if (stage.unit === 'channel') {
      this.work(stage, this.hot, this.hot, 0);
      return;
    }
    if (action === 'sparse_read') {
      this.readLimit = Math.min(this.readLimit, budget);
      this.work(stage, this.hot, budget, 0);
      return;
    }
    const room = slots && pass.phase === 'decode' ? budget - 1 : slots ? Math.min(budget - 1, context) : budget;
    if (slots) this.spareSlots = 1;
    const kept = Math.min(this.hot, room);
    const excess = this.hot - kept;
    this.work(stage, this.hot, kept, excess);
    if (excess === 0 || action === 'keep') return;
    this.hot = kept;
    if (action === 'quantise' || action === 'project' || action === 'share') this.low += excess;
    else if (action === 'demote') this.demote(stage, excess);
    else if (stage.when === 'prefill_end') this.leaving += excess;
    if ((action === 'drop' || action === 'merge') && pass.phase === 'decode') this.replaced += excess;
  }

  /** What the pass asks of the op. */
  use(indexGrown: number, reused: number, reserved: number | null): KvUse {
    const { before, pass, forms, spec } = this;
    const { hot_bytes, low_bytes } = forms;
    const fetched = this.fetchedTokens();
    const { hit = 0 } = spec.fetch ?? {};
    // What the process would leave in place is known to whoever has one, and stands here as a share.
    const fetchBytes = fetched * hot_bytes * (1 - (typeof hit === 'number' ? hit : 0));
    const stored = Math.min(before.hot, this.readLimit);
    const read = stored + before.low + fetched;
    const read_bytes = (stored + fetched) * hot_bytes + before.low * low_bytes;
    const lost = before.hot + before.low + before.far + pass.tokens - this.heldTokens();
    // In decode the new token takes the place of what goes.
    const written = pass.phase === 'decode' ? pass.tokens : Math.max(0, pass.tokens - Math.max(0, lost));
    if (before.hot > 0 && spec.layout.append === 'copy') {
      this.kernels.push(copyKernel('append', this.shape, (before.hot + pass.tokens) * hot_bytes));
    }
    if (this.parted) this.kernels.push(joinKernel(this.shape, pass.tokens));
    const fast = this.fastBytes();
    const fastBefore = before.hot * hot_bytes + before.low * low_bytes;
    const grown = reserved === null ? fast - fastBefore : pass.index === 0 ? reserved : 0;
    const buffer: KvChange[] = fetchBytes > 0 ? [{ role: 'fast', kind: 'kv', bytes: fetched * hot_bytes }] : [];
    const farGrown = (this.far - before.far) * hot_bytes;
    const tier = this.tier();
    const gone = reserved === null ? before.leaving + before.copied : 0;
    const added: KvChange[] = [...buffer];
    if (grown > 0) added.push({ role: 'fast', kind: 'kv', bytes: grown });
    if (farGrown > 0) added.push({ role: tier, kind: 'kv', bytes: farGrown });
    if (indexGrown > 0 && spec.index) {
      added.push({ role: spec.index.tier, kind: 'index', bytes: indexGrown });
      this.kernels.push(indexBuild(this.shape, pass.tokens, indexGrown));
    }
    const freed: KvChange[] = [...buffer];
    if (grown < 0) freed.push({ role: 'fast', kind: 'kv', bytes: -grown });
    if (reused > 0 && reserved === null) added.push({ role: 'fast', kind: 'kv', bytes: before.hot * hot_bytes });
    return {
      read_tokens: read,
      read_bytes_per_token: read > 0 ? read_bytes / read / 2 : hot_bytes / 2,
      write_tokens: written,
      write_bytes_per_token: hot_bytes / 2,
      pair_share: pass.phase === 'prefill' ? computedShare(spec) * this.pairShare : 1,
      kernels: this.kernels,
      scratch_bytes: this.scratch,
      replaced_tokens: this.replaced,
      index_read_bytes: this.indexRead,
      index_read_keys: this.indexKeys,
      side_tensors: forms.side_bytes > 0 ? 1 : 0,
      cached_heads: this.shape.kv_heads * headShare(spec, this.shape),
      heads_per_token: this.shape.batch * this.shape.heads,
      freed_before: gone > 0 ? [{ role: 'fast', kind: 'kv', bytes: gone * hot_bytes }] : [],
      added,
      freed,
      fetches: this.fetches(fetchBytes, reused * hot_bytes),
      stores: this.stores,
    };
  }

  after(): State {
    return { hot: this.hot, low: this.low, far: this.far, leaving: this.leaving, copied: this.copied };
  }

  private heldTokens(): number {
    return this.hot + this.low + this.far + this.leaving;
  }

  /** Bytes that the layer holds in the fast memory after the pass. */
  fastBytes(): number {
    return (this.hot + this.leaving + this.copied) * this.forms.hot_bytes + this.low * this.forms.low_bytes;
  }

  private tier(): Role {
    return this.spec.stages.find(({ rest }) => rest.action === 'demote')?.rest.tier ?? this.spec.fetch?.from ?? 'host';
  }

  private fires({ when, every }: StageFields): boolean {
    const { phase, step } = this.pass;
    switch (when) {
      case 'prefill_chunk':
      case 'prefill_layer':
        return phase === 'prefill';
      case 'prefill_end':
        return phase === 'prefill' && this.lastPrefill;
      case 'decode_step':
        return phase === 'decode';
      case 'decode_every_n':
      case 'sentence_end':
        return phase === 'decode' && step % (every ?? 1) === 0;
      default:
        return false;
    }
  }

  /** Work of a stage, from means over all heads; the heads that it leaves alone hold the whole context and cost nothing. */
  private work(stage: StageFields, considered: number, kept: number, excess: number): void {
    const { spec, shape, pass, forms } = this;
    const { heads } = stage;
    if (heads === 0) return;
    if (heads < 1) this.parted = true;
    const whole = (1 - heads) * (pass.seen + pass.tokens);
    const [ranked, stay] = [(considered - whole) / heads, (kept - whole) / heads];
    const made = selectionWork({
      stage,
      spec,
      shape: heads === 1 ? shape : { ...shape, heads: shape.heads * heads, kv_heads: shape.kv_heads * heads },
      pass,
      forms: heads === 1 ? forms : scaledForms(forms, heads),
      considered: ranked,
      kept: stay,
      excess: excess / heads,
      ...this.indexed(stage, ranked, stay),
    });
    this.kernels.push(...made.kernels);
    this.scratch = Math.max(this.scratch, made.scratch_bytes);
    this.indexRead += made.index_bytes;
    this.indexKeys += made.index_entries;
  }

  /** An index stands for what is not in place and may be fetched; where nothing goes away, for all tokens. */
  private indexed(stage: StageFields, considered: number, kept: number): { indexed: number; chosen: number } {
    if (stage.rest.action !== 'demote') return { indexed: considered, chosen: kept };
    return { indexed: this.pass.seen + this.pass.tokens - considered, chosen: this.fetchedTokens() / stage.heads };
  }

  private demote({ rest, when }: StageFields, excess: number): void {
    const bytes = excess * this.forms.hot_bytes;
    this.far += excess;
    if (when === 'prefill_end') this.copied += excess;
    this.stores.push({ from: 'fast', to: rest.tier ?? 'host', bytes, pieces: 1, scattered: false, overlap: 'full' });
  }

  /** Far tokens that attention is given in this pass. */
  private fetchedTokens(): number {
    const { fetch } = this.spec;
    const { far } = this.before;
    if (fetch === undefined || far === 0 || (this.pass.phase === 'prefill' && !fetch.prefill)) return 0;
    const heads = this.spec.stages.find(({ rest }) => rest.action === 'demote')?.heads ?? 1;
    const asked = fetch.tokens === undefined ? (fetch.ratio ?? 1) * far : fetch.tokens * heads;
    return Math.min(far, asked);
  }

  private fetches(bytes: number, reusedBytes: number): KvTransfer[] {
    const { fetch, reuse } = this.spec;
    const list: KvTransfer[] = [];
    if (bytes > 0 && fetch) {
      const due = this.pass.step % fetch.every === 0 || this.pass.step === 1;
      const heads = this.shape.batch * this.shape.kv_heads * headShare(this.spec, this.shape);
      const unit = Math.max(1, (fetch.unit_tokens * this.forms.hot_bytes) / heads / 2);
      const padded = bytes * (Math.ceil(unit / fetch.min_io_bytes) * (fetch.min_io_bytes / unit));
      if (due)
        list.push({
          from: fetch.from,
          to: fetch.to,
          bytes: padded,
          pieces: 1,
          scattered: fetch.unit !== 'request',
          overlap: fetch.overlap,
        });
    }
    // What waits in the fast memory itself is not moved.
    if (reusedBytes > 0 && reuse && reuse.from !== 'fast') {
      list.push({
        from: reuse.from,
        to: 'fast',
        bytes: reusedBytes,
        pieces: 1,
        scattered: false,
        overlap: reuse.overlap,
      });
    }
    return list;
  }
}

/** Share of the (query, key) pairs of prefill that is computed. */
const computedShare = ({ compute }: PresetFields): number =>
  (compute.prefill_share ?? 1) * (compute.prefill_tokens ?? 1) ** 2;

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

import type { Kernel, KvChange, KvPass, KvShape, KvTransfer, KvUse, Role } from '../../sim/types/index.ts';
import { windowPairShare } from '../../sim/windowPairs.ts';
import { budgetTokens, protectedTokens } from './budget.ts';
import { type Forms, headShare, scaledForms } from './forms.ts';
import type { PresetFields, StageFields } from './schema.ts';
import { copyKernel, indexBuild, joinKernel, selectionWork } from './work.ts';

/**
 * What one pass makes of one layer's cache.
 * @module
 */

/** Tokens of one layer's cache by where and how they lie; means over heads. */
export interface State {
  readonly hot: number;
  readonly low: number;
  readonly far: number;
  /** Gone at the end of prefill, and given back when the next pass begins. */
  readonly leaving: number;
  /** Far already, and still on the fast memory until then. */
  readonly copied: number;
}

export const EMPTY: State = { hot: 0, low: 0, far: 0, leaving: 0, copied: 0 };

/** The tokens of one pass over one layer as the stages change them, and the work they cause. */
export class PassCount {
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

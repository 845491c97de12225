import type { Kernel, KvPass, KvShape } from '../../sim/types/index.ts';
import { recentTokens } from './budget.ts';
import { type Forms, headShare } from './forms.ts';
import type { PresetFields, StageFields } from './schema.ts';
import { COMPUTE_BYTES, type IndexScan, SIGNALS, workKernel } from './signals.ts';

/**
 * Kernels of a stage: its signal, and what is done to the tokens that stay and go. One rule for all methods.
 * @module
 */

export interface Selection {
  readonly stage: StageFields;
  readonly spec: PresetFields;
  readonly shape: KvShape;
  readonly pass: KvPass;
  readonly forms: Forms;
  /** Tokens ranked, those that stay as they are, and the rest. */
  readonly considered: number;
  readonly kept: number;
  readonly excess: number;
  /** Tokens whose units an index is scanned for, and those of them that attention is given. */
  readonly indexed: number;
  readonly chosen: number;
}

interface Made {
  readonly kernels: readonly Kernel[];
  readonly scratch_bytes: number;
  /** Bytes of the index that ranking scanned, and its entries a head. */
  readonly index_bytes: number;
  readonly index_entries: number;
}

/**
 * Launches of un-fused PyTorch for one tensor (FMInference/H2O, `cache_replace`): the oldest recent token is copied, scattered
 * over the evicted one, and overwritten by the new one. Each reads a token and writes one.
 */
const REPLACE_LAUNCHES = 3;
/** Views, and moves to where the tensor is, around them; fewer for the scores, which are not spread over a token's width. */
const REPLACE_VIEWS = 8;
const SCORE_REPLACE_VIEWS = 6;
/** The running scores of a prompt follow its tokens: gathered, and joined to the recent ones. */
const GATHER_LAUNCHES = 2;
const TENSORS = 2;

export function selectionWork(selection: Selection): Made {
  const { stage, spec, shape, pass, considered, kept, excess, forms } = selection;
  const kernels: Kernel[] = [];
  let index_bytes = 0;
  let index_entries = 0;
  const definition = SIGNALS[stage.signal.kind];
  if (definition !== undefined && stage.signal.kind !== 'none') {
    const unit = stage.unit_tokens;
    const cost = definition.cost({
      shape,
      signal: stage.signal,
      phase: pass.phase,
      queries: pass.tokens,
      keys: considered,
      units: considered / unit,
      kept: kept / unit,
      recent: recentTokens(stage, shape.prompt_tokens, kept),
      index: indexScan(selection),
    });
    if (cost.launches > 0) kernels.push(workKernel('score', shape, cost));
    index_bytes = cost.index_bytes ?? 0;
    index_entries = cost.index_entries ?? 0;
  }
  if (excess <= 0) return { kernels, scratch_bytes: 0, index_bytes, index_entries };
  const pair = forms.hot_bytes;
  // A fraction of a token a step is a step in that fraction of the time.
  const times = pass.phase === 'decode' ? Math.min(1, excess) : 1;
  const tokens = pass.phase === 'decode' ? Math.max(1, excess) : excess;
  switch (stage.rest.action) {
    case 'drop':
    case 'merge':
      if (stage.rest.action === 'merge') kernels.push(mergeKernel(selection, tokens, times));
      if (pass.phase === 'prefill') {
        const recent = Math.min(kept, stage.protect.recent ?? 0);
        const bytes = 2 * (kept - recent) * pair + 2 * kept * pair;
        kernels.push(workKernel('gather', shape, { flops: 0, bytes, launches: (TENSORS + 1) * GATHER_LAUNCHES }));
        return { kernels, scratch_bytes: kept * pair, index_bytes, index_entries };
      }
      if (spec.layout.append === 'copy') {
        kernels.push(copyKernel('evict', shape, times * kept * pair));
      } else {
        const scored = definition !== undefined && definition.state_bytes > 0;
        const launches = REPLACE_LAUNCHES * (TENSORS + (scored ? 1 : 0));
        const bytes = times * 2 * REPLACE_LAUNCHES * tokens * pair;
        const views = REPLACE_VIEWS * TENSORS + (scored ? SCORE_REPLACE_VIEWS : 0);
        kernels.push(workKernel('evict', shape, { flops: 0, bytes, launches, views }));
      }
      return { kernels, scratch_bytes: 0, index_bytes, index_entries };
    case 'quantise':
    case 'project': {
      const flops = stage.rest.action === 'project' ? projectFlops(selection, tokens) : 0;
      const bytes = times * tokens * (pair + forms.low_bytes);
      kernels.push(workKernel(stage.rest.action, shape, { flops: times * flops, bytes, launches: TENSORS }));
      return { kernels, scratch_bytes: 0, index_bytes, index_entries };
    }
    case 'share': {
      const bytes = times * tokens * (2 * pair + forms.low_bytes);
      const flops = times * 4 * tokens * shape.batch * shape.kv_heads * shape.head_dim;
      kernels.push(workKernel('share', shape, { flops, bytes, launches: 2 * TENSORS }));
      return { kernels, scratch_bytes: 0, index_bytes, index_entries };
    }
    default:
      return { kernels, scratch_bytes: 0, index_bytes, index_entries };
  }
}

/** Likeness of what goes to what stays (one product a pair of keys), and its weighted addition. */
function mergeKernel({ shape, kept, forms, stage }: Selection, tokens: number, times: number): Kernel {
  const near = stage.rest.target === 'run' || stage.rest.target === 'nearest_position';
  const pairs = near ? tokens : tokens * kept;
  const heads = shape.batch * shape.kv_heads;
  const bytes = times * ((tokens + kept) * forms.key_bytes + 2 * heads * pairs + 3 * tokens * forms.hot_bytes);
  return workKernel('merge', shape, { flops: times * 2 * heads * pairs * shape.head_dim, bytes, launches: 4 });
}

/** Down-projection of the tokens that leave full width; reading absorbs the way back into the query and output. */
function projectFlops({ shape, stage }: Selection, tokens: number): number {
  const width = shape.kv_heads * shape.head_dim;
  return 2 * shape.batch * tokens * width * width * ((stage.rest.k_rank ?? 1) + (stage.rest.v_rank ?? 1));
}

/** Entries a head of an index over so many tokens: of every unit begun, or one set for the request whatever its length. */
export function indexEntries({ index }: PresetFields, tokens: number): number {
  if (index === undefined || tokens <= 0) return 0;
  return (index.per === 'request' ? 1 : Math.ceil(tokens / index.unit_tokens)) * index.entries;
}

/** Bytes of so many entries a head, all cached heads and sequences. */
export function indexBytes(fields: PresetFields, shape: KvShape, entries: number): number {
  const { index } = fields;
  if (index === undefined) return 0;
  const heads = shape.batch * shape.kv_heads * headShare(fields, shape);
  return (entries * heads * shape.head_dim * index.width * index.bits) / 8;
}

function indexScan({ spec, shape, indexed, chosen }: Selection): IndexScan | null {
  const { index } = spec;
  if (index === undefined) return null;
  const entries = indexEntries(spec, indexed);
  const units = entries / index.entries;
  const bytes = indexBytes(spec, shape, entries);
  return { entries, units, chosen: Math.min(units, chosen / index.unit_tokens), width: index.width, bytes };
}

/** Keys and values copied into new tensors (torch.cat), element by element: both are read and written. */
export function copyKernel(name: string, shape: KvShape, bytes: number): Kernel {
  const work = workKernel(name, shape, { flops: 0, bytes: 2 * bytes, launches: TENSORS });
  return { ...work, copied_elements: bytes / COMPUTE_BYTES };
}

/**
 * Heads that hold different tokens attend in a call each, and their outputs are put together (mit-han-lab/duo-attention,
 * duo_attn/patch/llama.py): one call more, and a copy of the output.
 */
export function joinKernel(shape: KvShape, tokens: number): Kernel {
  const bytes = 2 * shape.batch * shape.heads * shape.head_dim * tokens * COMPUTE_BYTES;
  return workKernel('join', shape, { flops: 0, bytes, launches: 2 });
}

/** Building the index of new tokens: their keys are read, its entries written. */
export function indexBuild(shape: KvShape, tokens: number, bytes: number): Kernel {
  return workKernel('index', shape, { flops: 0, bytes: tokens * shape.token_bytes + bytes, launches: 1 });
}

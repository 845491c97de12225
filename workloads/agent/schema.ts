import * as v from 'valibot';
import { quantity } from '../../input/schema.ts';
import { ATTENTION_KERNELS, POINTWISE_KERNELS } from '../generate/schema.ts';

/**
 * Turns of an application around language models: calls with their tokens, and a store that is searched and grows.
 * @module
 */

const LARGEST = 100_000_000;
const count = (description: string, min = 1) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(LARGEST), v.description(description));
const tokens = (description: string) => v.optional(count(description, 0), 0);
const role = (description: string) =>
  v.pipe(v.picklist(['fast', 'host', 'storage', 'near']), v.description(description));

const callSchema = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1), v.description('What the call is for.')),
  model: v.optional(
    v.pipe(v.string(), v.minLength(1), v.description('Its model, where it is not that of the others.')),
  ),
  fixed: tokens('Tokens that begin every prompt: instructions, a shared document.'),
  history: v.optional(
    v.pipe(
      v.union([v.picklist(['all', 'none']), count('Last turns.', 0)]),
      v.description('Earlier turns in the prompt, each its input and the output of this call: all, none, or a number.'),
    ),
    'none',
  ),
  retrieved: tokens('Tokens of what the store returned.'),
  input: tokens('New tokens of the turn.'),
  output: count('Tokens it writes.'),
  times: v.optional(count('Calls of this kind a turn, one after another.'), 1),
  every: v.optional(count('Turns between two turns that make the call.'), 1),
  batch: v.optional(count('Conversations that are served together.'), 1),
});
export type CallFields = v.InferOutput<typeof callSchema>;

const lookupSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('scan') }),
  v.strictObject({ kind: v.literal('gather'), rows: count('Entries read, each at its own place.') }),
  v.strictObject({
    kind: v.literal('graph'),
    edges: count('Edges of the graph.'),
    edge_bytes: v.optional(count('Bytes of an edge: its end and its weight.'), 12),
    iterations: count('Passes over all edges.'),
  }),
]);

const storeSchema = v.strictObject({
  in: v.optional(role('Where it lies.'), 'host'),
  entry_bytes: quantity('bytes', { description: 'Bytes of an entry', exclusiveMin: 0 }),
  entries: v.optional(count('Entries at the start.', 0), 0),
  added: v.optional(v.pipe(v.number(), v.minValue(0), v.description('Entries that a turn adds.')), 0),
  capacity: v.optional(count('Most entries; further ones take the place of others.')),
  lookup: v.optional(
    v.pipe(
      lookupSchema,
      v.description('How a turn finds entries: all are read, some are gathered, or a graph is walked.'),
    ),
  ),
  lookups: v.optional(count('Look-ups a turn.'), 1),
  returned: v.optional(count('Entries a look-up brings to the fast memory.', 0), 0),
});
export type StoreFields = v.InferOutput<typeof storeSchema>;

export const agentSchema = v.strictObject({
  kind: v.literal('agent'),
  model: v.optional(v.pipe(v.string(), v.minLength(1), v.description('Id or path of the model that answers.'))),
  turns: count('Turns in a row.'),
  calls: v.optional(v.pipe(v.array(callSchema), v.description('Calls of one turn, in order.')), []),
  context: v.optional(
    v.pipe(
      v.picklist(['call', 'turn']),
      v.description(
        'What a call reads: `call`, its own prompt alone; `turn`, all that the calls before it in the turn read and wrote, as an agent with tools does.',
      ),
    ),
    'call',
  ),
  prefix_cache: v.optional(
    v.pipe(
      v.union([v.literal('none'), role('Where keys and values of a prefix wait for the next turn.')]),
      v.description('Where the keys and values of what begins two prompts alike wait; `none`: computed again.'),
    ),
    'none',
  ),
  attention_kernel: v.optional(v.picklist(ATTENTION_KERNELS), 'flash'),
  pointwise_kernels: v.optional(v.picklist(POINTWISE_KERNELS)),
  store: v.optional(v.pipe(storeSchema, v.description('Long-term memory beside the models.'))),
});
export type AgentFields = v.InferOutput<typeof agentSchema>;

/** Ids and paths of the models that an agent's calls use, each once. */
export function agentModels({ model, calls }: AgentFields): string[] {
  return [...new Set(calls.map((call) => call.model ?? model ?? ''))].filter((ref) => ref !== '');
}

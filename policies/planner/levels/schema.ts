import * as v from 'valibot';

/** Names of the searches (searches.ts). */
export const SEARCH_IDS = [
  'all-slow',
  'xla-greedy',
  'order-search',
  'beam',
  'mcts',
  'repair',
  'best',
  'exact',
] as const;

/** What a plan may be judged by. */
export const OBJECTIVES = ['time', 'energy', 'money'] as const;
export type Objective = (typeof OBJECTIVES)[number];

const unlike = (id: string, at: number, ids: string[]): boolean => ids.indexOf(id) === at;

/** The planner of `mapping` workloads. */
export const twoTierSchema = v.strictObject({
  kind: v.literal('two-tier'),
  search: v.optional(
    v.pipe(v.picklist(SEARCH_IDS), v.description(`Who decides: ${SEARCH_IDS.map((id) => `\`${id}\``).join(', ')}.`)),
    'best',
  ),
  levels: v.optional(
    v.pipe(
      v.union([
        v.pipe(v.number(), v.integer(), v.minValue(2)),
        v.pipe(v.array(v.string()), v.minLength(2), v.checkItems(unlike, 'a memory stands there twice')),
      ]),
      v.description('Which of the machine’s memories: so many from the fastest, or their ids.'),
    ),
    2,
  ),
  objective: v.optional(v.pipe(v.picklist(OBJECTIVES), v.description('What is made as small as can be.')), 'time'),
  effort: v.optional(
    v.pipe(v.number(), v.minValue(0.01), v.maxValue(1000), v.description('Times the usual number of tries.')),
    1,
  ),
});
export type TwoTierFields = v.InferOutput<typeof twoTierSchema>;

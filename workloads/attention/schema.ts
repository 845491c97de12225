import * as v from 'valibot';
import { PUBLISHED_FIT } from './process.ts';

const share = (description: string, unset: number) =>
  v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description(description)), unset);
const positive = (description: string, unset: number) =>
  v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6), v.description(description)), unset);

/** The attention process of a workload; the defaults meet the published statistics (process.ts says which). */
export const processSchema = v.strictObject({
  zipf: positive('Exponent of importance by rank.', PUBLISHED_FIT.zipf),
  sink: share('Mass on the first four tokens.', PUBLISHED_FIT.sink),
  recent: share('Mass on the last tokens.', PUBLISHED_FIT.recent),
  tau: positive('Tokens over which recency falls by e.', PUBLISHED_FIT.tau),
  rho: share('How much of its drift a token keeps from step to step.', PUBLISHED_FIT.rho),
  sigma: positive('Spread of the drift.', PUBLISHED_FIT.sigma),
  jumps_per_step: share('Jumps of a token to the first rank, per step.', PUBLISHED_FIT.jumps_per_step),
  trace: v.exactOptional(
    v.pipe(
      v.string(),
      v.minLength(1),
      v.description('File of recorded attention (JSON lines) in place of the process; all its heads are taken.'),
    ),
  ),
  heads: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(256), v.description('Heads that are sampled.')),
    8,
  ),
  steps: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(4096), v.description('Decode steps of each.')),
    32,
  ),
});
export type AttentionFields = v.InferOutput<typeof processSchema>;

import * as v from 'valibot';
import { policySchema } from '../policies/index.ts';
import { workloadSchema } from '../workloads/schema.ts';

/**
 * The study file: one experiment, its cases, claims and figures. What only makes sense together (one published figure
 * per claim, `over` with a relative one, a case that exists) is checked where it is read, in claimReader.ts and
 * cases.ts.
 * @module
 */

const text = (description: string) => v.pipe(v.string(), v.minLength(1), v.description(description));

/** Names that stand in tables, file names and metric keys. */
export const idSchema = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'letters, digits, dots, dashes, pluses and underscores'),
  v.description('Name that is unique in its list.'),
);

export const claimUses = ['calibrate', 'validate', 'peer', 'reference', 'identity', 'unverified'] as const;
export const claimOps = ['value', 'ratio', 'difference', 'saving'] as const;

const figure = v.union([v.number(), v.string()]);

export const claimSchema = v.strictObject({
  id: idSchema,
  metric: v.optional(text('Metric of ours that must match, as docs/metrics.md names it; a verdict needs none.')),
  op: v.optional(
    v.pipe(
      v.picklist(claimOps),
      v.description('How the figure is made: the metric itself, or this case ÷, − or saved against the case `over`.'),
    ),
  ),
  over: v.optional(text('The case a ratio, difference or saving is relative to.')),
  value: v.optional(v.pipe(figure, v.description('Published figure, in the unit of the metric or with a unit.'))),
  range: v.optional(
    v.pipe(v.tuple([figure, figure]), v.description('Lowest and highest figure that rounds to the published one.')),
  ),
  at_least: v.optional(v.pipe(figure, v.description('Published lower bound.'))),
  at_most: v.optional(v.pipe(figure, v.description('Published upper bound.'))),
  verdict: v.optional(v.pipe(v.picklist(['fits', 'does_not_fit']), v.description('Whether the work ran at all.'))),
  use: v.pipe(
    v.picklist(claimUses),
    v.description('Whether a number was fitted on it (calibrate), it is judged (validate), or only shown.'),
  ),
  source: text('Where the figure is published: work, table or section.'),
  note: v.optional(text('What a reader of the row should know.')),
});
export type ClaimInput = v.InferOutput<typeof claimSchema>;

const setSchema = v.pipe(
  v.record(v.string(), v.unknown()),
  v.description('What differs from the top level: paths of fields with their values.'),
);

export const caseSchema = v.strictObject({
  id: idSchema,
  title: v.optional(text('What the case shows.')),
  set: v.optional(setSchema),
  claims: v.optional(v.array(claimSchema)),
  note: v.optional(text('What a reader of the case should know.')),
});
export type CaseInput = v.InferOutput<typeof caseSchema>;

/** A case for every row of a table of measurements. */
export const gridSchema = v.strictObject({
  from: text('CSV file with a head row, beside the study.'),
  id: v.optional(text('Column that names the cases; the row number otherwise.')),
  set: v.pipe(v.record(v.string(), v.string()), v.description('Paths of fields, each with the column of its value.')),
  claim: v.strictObject({
    metric: text('Metric that the measured column must match.'),
    column: text('Column of the measured figure; rows without one carry no claim.'),
    use: v.optional(v.pipe(v.string(), v.description('A use for every row, or the name of a column of uses.'))),
    source: text('Where the table is published.'),
    note: v.optional(text('What a reader of the rows should know.')),
  }),
});
export type GridInput = v.InferOutput<typeof gridSchema>;

export const figureSchema = v.looseObject({
  kind: text('Kind of figure; `tierflow list figures` names them.'),
  name: v.optional(v.pipe(idSchema, v.description('Name of its files; the kind otherwise.'))),
});

/** Outside data that a study needs and that is not shipped with it. */
const dataSchema = v.strictObject({
  file: text('The file, relative to the study.'),
  get: text('How a reader gets it.'),
});

const frame = {
  title: text('One line that says what the study reproduces or asks.'),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.description('Seed of its random streams.'))),
  claims: v.optional(v.pipe(v.array(claimSchema), v.description('Published figures of the case `base`.'))),
  cases: v.optional(v.pipe(v.array(v.union([caseSchema, gridSchema])), v.description('Further cases.'))),
  figures: v.optional(v.pipe(v.array(figureSchema), v.description('Figures that `plot` writes.'))),
  data: v.optional(v.pipe(v.array(dataSchema), v.description('Files a reader must fetch before the study can run.'))),
  notes: v.optional(text('What a reader of the study should know.')),
};

export const machineField = v.pipe(
  v.union([v.string(), v.record(v.string(), v.unknown())]),
  v.description('Id in hardware/ (with `/variant` where it has one), path of a machine file, or an inline machine.'),
);

export const studySchema = v.strictObject({
  ...frame,
  machine: machineField,
  workload: workloadSchema,
  policy: v.optional(policySchema),
});
export type Study = v.InferOutput<typeof studySchema>;

/** The study but for what cases may still change; read once, before a case is chosen. */
export const frameSchema = v.strictObject({
  ...frame,
  machine: v.optional(v.unknown()),
  workload: v.optional(v.unknown()),
  policy: v.optional(v.unknown()),
});
export type Frame = v.InferOutput<typeof frameSchema>;

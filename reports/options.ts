import * as v from 'valibot';

/** Schemas of options that several charts share; each says its default. */

export const labelOption = v.optional(
  v.pipe(
    v.picklist(['claim', 'case', 'study']),
    v.description('What a row is called: its claim’s id, its case or its study. Default: claim.'),
  ),
  'claim',
);

export const metricOption = (text: string) => v.optional(v.pipe(v.string(), v.minLength(1), v.description(text)));

export const flag = (text: string, standard: boolean) => v.optional(v.pipe(v.boolean(), v.description(text)), standard);

export const names = (text: string) => v.optional(v.pipe(v.array(v.string()), v.description(text)));

/** New names for rows and series on the figure: `{fg-30b-512: "OPT-30B, 512"}`. */
export const renameOption = v.optional(
  v.pipe(
    v.record(v.string(), v.string()),
    v.description('Names to show in place of ids: {id: name}. Default: the ids as they are.'),
  ),
  {},
);

export const usesOption = v.optional(
  v.pipe(
    v.array(v.picklist(['calibrate', 'validate', 'peer', 'reference', 'identity', 'unverified'])),
    v.description('Uses of the claims to show. Default: validate and calibrate.'),
  ),
  ['validate', 'calibrate'],
);

export const pointsOption = (what: string) =>
  v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(10),
      v.description(`Most ${what} drawn; of more, each stretch keeps its fullest. Default: 600.`),
    ),
    600,
  );

/** For charts of a static plan. */
export const plannedCaseOption = v.optional(
  v.pipe(v.string(), v.description('Case to show. Default: the first whose planner gives addresses.')),
);

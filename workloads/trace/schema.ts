import * as v from 'valibot';

/** A recorded step, replayed. */
export const traceSchema = v.strictObject({
  kind: v.literal('trace'),
  file: v.pipe(v.string(), v.minLength(1), v.description('The trace, relative to the study.')),
  format: v.pipe(
    v.picklist(['dtr', 'tensor-trace']),
    v.description('`dtr`: instruction log of the DTR prototype; `tensor-trace`: what `import` made of one.'),
  ),
});

export type TraceFields = v.InferOutput<typeof traceSchema>;

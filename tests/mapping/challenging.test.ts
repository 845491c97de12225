import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProblem } from '../../policies/planner/mapping/readers/read.ts';
import { solveMapping } from '../../policies/planner/mapping/solve.ts';
import { faultOf } from '../../policies/planner/mapping/validate.ts';

/**
 * The instances of github.com/google/minimalloc (benchmarks/challenging) are not part of this repository: the tests run
 * where the environment variable names a folder of files `NAME.CAPACITY.csv`.
 */
const folder = process.env['TIERFLOW_MINIMALLOC_DIR'];
const files =
  folder !== undefined && existsSync(folder) ? readdirSync(folder).filter((f) => /\.\d+\.csv$/.test(f)) : [];

describe.skipIf(files.length === 0)('minimalloc’s instances (TIERFLOW_MINIMALLOC_DIR)', () => {
  it.each(files)('%s fits its capacity', (file) => {
    const capacity = Number(/\.(\d+)\.csv$/.exec(file)![1]);
    const { buffers } = readProblem(readFileSync(join(folder!, file), 'utf8'), file);
    const plan = solveMapping(buffers, { capacity_bytes: capacity }, () => 0);
    expect(['optimal', 'feasible']).toContain(plan.verdict);
    expect(faultOf(buffers, plan.offsets, capacity)).toBeNull();
  });
});

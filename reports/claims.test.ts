import { describe, expect, it } from 'vitest';
import { CLAIMS } from '../tests/golden/figures/fixtures.ts';
import { claimsMarkdown, claimsText, claimValue, quantile, summariseClaims, verdict } from './claims.ts';

describe('quantile', () => {
  it('interpolates between order statistics', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], 0.9)).toBe(100);
    expect(quantile([7], 0.9)).toBe(7);
    expect(quantile([1, 5], 1)).toBe(5);
  });

  it('has no value without rows', () => {
    expect(quantile([], 0.5)).toBeNull();
  });
});

describe('summariseClaims', () => {
  it('keeps fitted and unfitted rows apart, verdicts out of the errors', () => {
    const validate = summariseClaims(CLAIMS, 'validate');
    expect(validate).toMatchObject({ count: 3, passed: 2, skipped: 0 });
    // |3.09/3.5 - 1| = 0.11714 and |11.2/13.1 - 1| = 0.14504: the median of two is their mean.
    expect(validate.median_abs_error).toBeCloseTo((0.41 / 3.5 + 1.9 / 13.1) / 2, 12);
    expect(validate.max_abs_error).toBeCloseTo(1.9 / 13.1, 12);
    expect(summariseClaims(CLAIMS, 'calibrate').count).toBe(1);
    expect(summariseClaims(CLAIMS, 'peer')).toEqual({
      count: 0,
      passed: 0,
      skipped: 0,
      median_abs_error: null,
      p90_abs_error: null,
      max_abs_error: null,
    });
  });

  it('counts a skipped row, and neither its error nor its pass', () => {
    const rows = CLAIMS.map((row) => ({ ...row, skipped: row.id === 'fg-30b-256' }));
    expect(summariseClaims(rows, 'validate')).toMatchObject({ count: 3, passed: 2, skipped: 1 });
    expect(summariseClaims(rows, 'validate').max_abs_error).toBeCloseTo(0.41 / 3.5, 12);
    expect(rows.map(verdict)).toEqual(['pass', 'pass', 'skip', 'pass']);
  });
});

it('prints relative claims without the unit of their metric', () => {
  const metric = 'throughput.tokens_per_s';
  expect(claimValue({ metric }, 7.32)).toBe('7.32 token/s');
  expect(claimValue({ metric, op: 'ratio' }, 1.84)).toBe('1.84 ×');
  expect(claimValue({ metric, op: 'saving' }, 0.123)).toBe('12.3%');
  expect(claimValue({ metric }, 'does_not_fit')).toBe('does not fit');
  expect(claimValue({ metric }, null)).toBe('');
});

it('reports as text', () => {
  expect(claimsText(CLAIMS)).toMatchInlineSnapshot(`
    "flexgen/opt-30b-t4
      claim        case  metric                      published     simulated   error  tolerance  use        verdict
      fg-30b-512   base  throughput.tokens_per_s  7.32 token/s  7.33 token/s   +0.1%       ±12%  calibrate  pass
      fg-30b-1024  base  throughput.tokens_per_s   3.5 token/s  3.09 token/s  -11.7%       ±12%  validate   pass
      fg-30b-256   base  throughput.tokens_per_s  13.1 token/s  11.2 token/s  -14.5%       ±12%  validate   miss
      fg-fits      base  memory.gpu.peak_bytes            fits          fits                     validate   pass

    rows                        count  pass  miss  skip  median |error|    p90    max
    validate (never fitted on)      3     2     1     0           13.1%  14.2%  14.5%
    calibrate (fitted on)           1     1     0     0            0.1%   0.1%   0.1%
    "
  `);
});

it('reports as Markdown with the sources', () => {
  const text = claimsMarkdown(CLAIMS);
  expect(text).toContain('### flexgen/opt-30b-t4');
  expect(text.split('\n').filter((line) => line.endsWith('| made up, Table 2 |'))).toHaveLength(4);
});

it('says so when there are none', () => {
  expect(claimsText([])).toBe('No claims.\n');
  expect(claimsMarkdown([])).toBe('No claims.\n');
});

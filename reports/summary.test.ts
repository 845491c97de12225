import { describe, expect, it } from 'vitest';
import { MACHINE, result } from '../tests/golden/figures/fixtures.ts';
import { bar, wantsColor } from './ansi.ts';
import { textWidth } from './format.ts';
import { runLine, runSummary } from './summary.ts';

describe('runSummary', () => {
  it('tells the whole run', () => {
    expect(runSummary(result(), { machine: MACHINE })).toMatchInlineSnapshot(`
      "flexgen/opt-30b-t4  OPT-30B on one 16 GB card
      machine   t4-gcp (T4 with a 208 GB host)
      workload  generate opt-30b: prompt 512, output 32, batch 48, batches 3
      policy    placement percent (weights 20/80, kv 0/100, attention on cpu, overlap)
                · kv full

      7.33 token/s
      10.5 min in all   2.02 min prefill   8.47 min decode

      Where the time went (streams overlap; share of the phase)
        prefill  2.02 min
          compute          ███████████████████▏····    96.4 s   80%
          weight read      ████████▏···············    41.2 s   34%
          KV write         ██▌·····················    12.9 s   11%
          activation write ▋·······················     3.1 s    3%
        decode  8.47 min
          weight read      █████████████████████▌··  7.58 min   90%
          compute          ███████████████████·····   6.7 min   79%
          bookkeeping      ██▉·····················    61.5 s   12%
          KV write         ▏·······················     2.4 s   <1%

      Peak memory
        gpu     ██████████████████████▉·  13.9 GiB of 14.6 GiB   95%
                weight 11.2 GiB · activation 2.1 GiB · workspace 614 MiB
        cpu     ███████████████████▌····   151 GiB of 186 GiB    81%
                KV 101 GiB · weight 50 GiB

      Traffic (mean rate over the run)
        pcie    h2d 5.23 TB (8.31 GB/s)   d2h 88 GB (140 MB/s)

      Binds     pcie link 79% busy; then cpu memory 70% busy, cpu compute 64% busy, gpu compute 21% busy
      Bound     5.02 min at the machine’s peaks; this run takes 2.09 × as long

      Costs
        memory  gpu 13.9 GiB · cpu 151 GiB
        energy  81.2 kJ known
        money   0.146 USD
        network pcie h2d 5.23 TB · pcie d2h 88 GB

      warning energy: no source for disk, left out of energy.known_j

      Claims  3 pass, 1 miss of 4
        ✗ fg-30b-256   13.1 token/s published, 11.2 token/s simulated  -14.5%  (validate)
        ✓ fg-30b-512   7.32 token/s published, 7.33 token/s simulated  +0.1%  (calibrate)
        ✓ fg-30b-1024  3.5 token/s published, 3.09 token/s simulated  -11.7%  (validate)
        ✓ fg-fits      fits published, fits simulated  (validate)
      "
    `);
  });

  it('is the same text without its colours', () => {
    const colored = runSummary(result(), { machine: MACHINE, color: true });
    expect(colored).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what is looked for.
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(runSummary(result(), { machine: MACHINE }));
  });

  it('says nothing of what was not measured', () => {
    const text = runSummary(result({ metrics: { 'time.total_s': 2.5 }, claims: [], warnings: [], resolved: {} }));
    expect(text).toBe('flexgen/opt-30b-t4\n\n2.5 s in all\n');
  });

  it('shows shares of the largest peak where no capacity is known', () => {
    const text = runSummary(result({ claims: [] }));
    expect(text).toContain('share of the largest');
    expect(text).not.toContain(' of 14.6 GiB');
  });

  it('stays within the width', () => {
    const long = result({
      study: 'a-system/a-study',
      resolved: { title: 'word '.repeat(60), policy: { placement: 'word '.repeat(60) } },
    });
    for (const width of [60, 80, 120]) {
      const head = runSummary(long, { width }).split('\n\n')[0]!;
      expect(Math.max(...head.split('\n').map(textWidth))).toBeLessThanOrEqual(width);
    }
  });
});

it('names a run in one line', () => {
  expect(runLine(result({ case: 'no-overlap' }))).toBe(
    'flexgen/opt-30b-t4 · no-overlap  7.33 token/s  10.5 min  pcie 79% busy',
  );
});

describe('bar', () => {
  it('fills to an eighth of a cell', () => {
    expect(bar(0.5, 8)).toBe('████');
    expect(bar(1 / 16, 8)).toBe('▌');
    expect(bar(2, 4)).toBe('████');
    expect(bar(-1, 4)).toBe('');
  });

  it('shows that a little is not nothing', () => {
    expect(bar(1e-9, 8)).toBe('▏');
    expect(bar(0, 8)).toBe('');
  });
});

it.each([
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ TERM: 'dumb' }, true, false],
  [{}, false, false],
])('with %o and a terminal %s colour is %s', (env, terminal, expected) => {
  expect(wantsColor(env, terminal)).toBe(expected);
});

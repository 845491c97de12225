import { describe, expect, it } from 'vitest';
import { scratch, tierflow } from './harness.ts';

const files = scratch();
const onF412 = ['run', '--machine', 'stm32f412', '--model'] as const;

describe('a network that does not fit', () => {
  it('exits 3 with the layer, the bytes, and the smallest patches, image and width that fit', async () => {
    const { code, err } = await tierflow(...onF412, 'mcunet-in2');
    expect(code).toBe(3);
    expect(err).toContain('the maps of layer "b3.dw"');
    expect(err).toContain('70656 bytes are missing');
    expect(err).toMatch(
      /\d x \d patches up to layer \d+: --set 'policy.schedule=\{kind: patch, patches: \d, split: \d+\}'/,
    );
    expect(err).toMatch(/px: --set workload.resolution=\d+/);
    expect(err).toMatch(/of the channels: --set workload.width=0/);
  });

  it('really fits with each of them, and not with the next larger', async () => {
    const { err } = await tierflow(...onF412, 'mcunet-in2');
    const flags = [...err.matchAll(/--set '?([^'\n]+)'?$/gm)].map(([, set]) => set!);
    expect(flags).toHaveLength(3);
    for (const set of flags) expect((await tierflow(...onF412, 'mcunet-in2', '--set', set)).code).toBe(0);
    const side = Number(/resolution=(\d+)/.exec(err)?.[1]);
    expect((await tierflow(...onF412, 'mcunet-in2', '--set', `workload.resolution=${side + 8}`)).code).toBe(3);
  });

  it('needs both where neither patches nor width alone would do', async () => {
    const { code, err } = await tierflow(...onF412, 'mobilenet_v2_1.0_224');
    expect(code).toBe(3);
    expect(err).toContain(
      "of the channels, in patches: --set workload.width=0.35 --set 'policy.schedule={kind: auto}'",
    );
  });

  it('is what fit says too', async () => {
    const { code, out } = await tierflow('fit', '--machine', 'stm32f412', '--model', 'mcunet-in2', '--json');
    expect(code).toBe(3);
    const { fits, misfit, changes } = JSON.parse(out);
    expect(fits).toBe(false);
    expect(misfit.short_bytes).toBe(70_656);
    expect(changes).toHaveLength(3);
  });
});

describe('mistakes', () => {
  it.each([
    [['--set', 'policy.schedule={kind: patch, patches: 2, split: b99}'], 'has no layer "b99" to split after'],
    [['--set', 'policy.schedule={kind: patch, patches: 2, split: 66}'], 'nothing is left to run'],
    [['--set', 'policy.placement.kind=resident'], 'no use for policy.placement'],
    [['--set', 'policy.planner.kind=tinyengin'], 'did you mean "tinyengine"'],
    [['--set', 'workload.kernels={b99: 1}'], 'unknown layer or block of mcunet-in2 "b99"'],
    [['--dim', 'height'], 'gives no dimension a value'],
  ])('%j exits 2', async (words, message) => {
    const { code, err } = await tierflow(...onF412, 'mcunet-in2', ...words);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it('of kind: a language model is no network, a network generates nothing', async () => {
    const network = await tierflow(
      'run',
      '--machine',
      't4-gcp',
      '--model',
      'mcunet-in2',
      '--set',
      'workload={kind: generate, model: mcunet-in2, prompt: 8, output: 2, batch: 1}',
    );
    expect([network.code, network.err]).toEqual([2, expect.stringContaining('a network without tokens')]);
    const language = await tierflow(
      'run',
      '--machine',
      't4-gcp',
      '--set',
      'workload={kind: cnn, model: opt-1.3b}',
      '--model',
      'opt-1.3b',
    );
    expect([language.code, language.err]).toEqual([2, expect.stringContaining('is a language model')]);
  });
});

it('reads a table by its path', async () => {
  const path = files.write(
    'net.yaml',
    'source: made up\ninput: [3, 32, 32]\nlayers:\n  - a conv 8 k3 s2\n  - g gap\n  - f fc 10\n',
  );
  const { code, out } = await tierflow('run', '--machine', 'stm32u575', '--model', path, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out).metrics['network.macs']).toBe(216 * 256 + 80);
});

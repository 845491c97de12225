import { describe, expect, it } from 'vitest';
import { listModels, readModel } from './load.ts';
import { parameterCount } from './model.ts';
import { elementsOf, mixingWeights, weightShapes } from './weights.ts';

describe.each(listModels())('model %s', (id) => {
  const model = readModel(id);

  it('is named by its file', () => expect(model.id).toBe(id));

  it('has a published parameter count, and gives it within 1 %', () => {
    expect(model.parameters).toBeDefined();
    const published = model.parameters!.count;
    expect(Math.abs(parameterCount(model) / published - 1)).toBeLessThan(0.01);
  });

  it('counts every weight of the sub-layers once', () => {
    const shapes = weightShapes(model);
    const { embed, mlp, head } = shapes;
    const elements = (weights: typeof embed) => weights.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
    const shared = model.tied ? model.vocab * model.hidden : 0;
    const mixing = Array.from({ length: model.layers }, (_, layer) => elements(mixingWeights(shapes, model, layer)));
    const layers = mixing.reduce((sum, count) => sum + count + elements(mlp), 0);
    const encoder = (model.encoder?.layers ?? 0) * (elements(shapes.attention) + elements(mlp));
    const attended = encoder + elements(shapes.encoder_end) + model.layers * elements(shapes.cross);
    const total = elements(embed) + layers + attended + elements(head) - shared;
    expect(parameterCount(model)).toBe(total);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lanes } from './lanes.ts';
import { Simulation } from './simulation.ts';

test('runs events by time, those of one instant in the order they were scheduled in, and stops where told', () => {
  const sim = new Lanes();
  const log: [number, string, number, number][] = [];
  const kinds = ['a', 'b'].map((name) => sim.register((a, b) => log.push([sim.now, name, a, b])));
  sim.at(20, kinds[0]!, 1, 2);
  sim.at(10, kinds[0]!, 3);
  sim.at(10, kinds[1]!, 4);
  sim.at(10, kinds[0]!, 5);
  sim.at(31, kinds[1]!);
  sim.run(30);
  expect(log).toEqual([
    [10, 'a', 3, 0],
    [10, 'b', 4, 0],
    [10, 'a', 5, 0],
    [20, 'a', 1, 2],
  ]);
  expect([sim.now, sim.events]).toEqual([30, 4]);
});

test('refuses times that are past, broken or beyond the clock', () => {
  const sim = new Lanes();
  const kind = sim.register(() => undefined);
  sim.run(5);
  expect(() => sim.at(4, kind)).toThrow(expect.objectContaining({ code: 'past' }));
  expect(() => sim.at(5.5, kind)).toThrow(expect.objectContaining({ code: 'not-integer' }));
  expect(() => sim.at(2 ** 53, kind)).toThrow(expect.objectContaining({ code: 'overflow' }));
  expect(() => sim.at(Number.NaN, kind)).toThrow(expect.objectContaining({ code: 'not-integer' }));
  expect(() => sim.run(4)).toThrow(expect.objectContaining({ code: 'past' }));
});

test('agrees with the event heap on any schedule, in order or not', () => {
  const step = fc.record({ delay: fc.integer({ min: 0, max: 40 }), kind: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), fc.integer({ min: 1, max: 30 }), (steps, depth) => {
      const play = (sim: Lanes | Simulation): string[] => {
        const log: string[] = [];
        let next = depth;
        const kinds = [0, 1, 2, 3].map((kind) =>
          sim.register((id) => {
            log.push(`${sim.now} ${kind} ${id}`);
            const follow = steps[next++];
            if (follow !== undefined) sim.after(follow.delay, kinds[follow.kind]!, next);
          }),
        );
        for (const [id, { delay, kind }] of steps.slice(0, depth).entries()) sim.at(delay, kinds[kind]!, id);
        sim.run(1e6);
        return log;
      };
      expect(play(new Lanes())).toEqual(play(new Simulation()));
    }),
  );
});
